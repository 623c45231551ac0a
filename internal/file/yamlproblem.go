package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"fairlead.dev/internal/model"
)

const templateHint = "this looks like a template: render it first, with helm template or the like"

// yamlProblem turns the YAML parser's error into a problem. Its words may be those
// of the text, and are left out where that may be secret.
func yamlProblem(text []byte, err error) model.Problem {
	p := inWords(text, err)
	if mentionsSecret(text) {
		p.Message, _, _ = strings.Cut(p.Message, ":")
	}
	return p
}

func inWords(text []byte, err error) model.Problem {
	p := model.Problem{Severity: model.Error, Reason: "InvalidYAML"}
	if bad := new(json.SyntaxError); looksLikeJSON(text) && errors.As(json.Unmarshal(text, new(any)), &bad) {
		p.Line = bytes.Count(text[:min(int(bad.Offset), len(text))], []byte("\n")) + 1
		p.Message, p.Hint = "not valid JSON: "+bad.Error(), "check the commas, brackets and quotes on this line and the one above"
		return p
	}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	p.Line, message = yamlLine(text, message)
	p.Message, p.Hint = "not valid YAML: "+message, yamlHint(text, p.Line, message)
	return p
}

// looksLikeJSON reports whether a text begins with {".
func looksLikeJSON(text []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"`))
}

// yamlLine takes the line out of the YAML parser's message. The parser counts
// the lines of some errors from 0, names none for line 0, and none for an
// unknown anchor.
func yamlLine(text []byte, message string) (line int, rest string) {
	number, after, ok := strings.Cut(strings.TrimPrefix(message, "line "), ": ")
	if n, err := strconv.Atoi(number); ok && err == nil {
		line, message = n, after
	}
	fromZero := strings.HasPrefix(message, "did not find expected") || strings.HasPrefix(message, "found duplicate %") ||
		strings.HasPrefix(message, "found undefined tag") || strings.HasPrefix(message, "found incompatible")
	if line == 0 || fromZero {
		line++
	}
	if name, ok := strings.CutPrefix(message, "unknown anchor '"); ok {
		name, _, _ = strings.Cut(name, "'")
		line = firstLine(text, 1, regexp.QuoteMeta("*"+name)+`\b`)
	}
	if strings.Contains(message, "tab character") {
		line = firstLine(text, line, `^ *\t`)
	}
	return line, message
}

// firstLine is the first line from one on that matches, or that one.
func firstLine(text []byte, from int, pattern string) int {
	re := regexp.MustCompile(pattern)
	n := 0
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if n++; n >= from && re.Match(line) {
			return n
		}
	}
	return from
}

func yamlHint(text []byte, n int, message string) string {
	line := lineAt(text, n)
	switch {
	case bytes.Contains(text, []byte("{{")):
		return templateHint
	case strings.Contains(message, "tab character"), bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("\t")):
		return "indent with spaces: YAML takes no tabs"
	case strings.Contains(message, "mapping values are not allowed"):
		return "check the indentation of this line and the one above; a value with a colon in it needs quotes"
	case strings.Contains(message, "<document start>"):
		return "write --- on a line of its own between two documents"
	case strings.Contains(message, "unknown anchor"):
		return "write &NAME at the value first; an anchor holds in its own document only"
	default:
		return "check the indentation, and that brackets and quotes are closed"
	}
}

// lineAt is line n of a text, counting from 1.
func lineAt(text []byte, n int) []byte {
	for ; n > 1; n-- {
		_, rest, ok := bytes.Cut(text, []byte("\n"))
		if !ok {
			return nil
		}
		text = rest
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}
