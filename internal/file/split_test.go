package file

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSplit(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"blank", "\n \n\t\n", ""},
		{"one", "a: b\n", "1:a: b\n"},
		{"no line end", "a: b", "1:a: b"},
		{"two", "a: b\n---\nc: d\n", "1:a: b\n|2:---\nc: d\n"},
		{"CRLF", "a: b\r\n---\r\nc: d\r\n", "1:a: b\r\n|2:---\r\nc: d\r\n"},
		{"leading comments stay", "# c\n\n---\na: b\n", "1:# c\n\n---\na: b\n"},
		{"directive", "%YAML 1.2\n---\na: b\n", "1:%YAML 1.2\n---\na: b\n"},
		{"empty documents", "---\n---\n--- # c\n---\na: b\n---\n", "1:---\n---\n--- # c\n---\na: b\n"},
		{"content behind the marker", "--- a\n--- b\n", "1:--- a\n|2:--- b\n"},
		{"no markers", "a: ---\n ---\n----\n---x\nb: c\n", "1:a: ---\n ---\n----\n---x\nb: c\n"},
		{"in a block scalar", "a: |\n  ---\n  b\n---\nc: d\n", "1:a: |\n  ---\n  b\n|4:---\nc: d\n"},
		{"JSON", " {\"a\": 1}\n\n{\"b\": {\n}}{\"c\": 2}", "1:{\"a\": 1}|3:{\"b\": {\n}}|4:{\"c\": 2}"},
		{"flow YAML", "{a: 1}\n---\n{b: 2}\n", "1:{a: 1}\n|2:---\n{b: 2}\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range split([]byte(tt.text)) {
				got = append(got, fmt.Sprintf("%d:%s", c.line, c.text))
			}
			if g := strings.Join(got, "|"); g != tt.want {
				t.Errorf("got %q, want %q", g, tt.want)
			}
		})
	}
}

// The chunks are the text, in order, with nothing of worth left out, and each
// line number is the chunk's.
func TestSplitLosesNothing(t *testing.T) {
	line := rapid.SampledFrom([]string{"a: b", "---", "--- x", "", "# c", "  ---", "...", "%YAML 1.2", "{", "}", "- a", "---\r", " \t", "\"{\""})
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOf(line).Draw(t, "lines"), "\n"))
		rest, at := text, 0
		for _, c := range split(text) {
			i := bytes.Index(rest, c.text)
			if i < 0 {
				t.Fatalf("chunk %q is not in %q", c.text, rest)
			}
			if hasSubstance(rest[:i]) {
				t.Fatalf("%q is left out", rest[:i])
			}
			at += i
			if want := bytes.Count(text[:at], []byte("\n")) + 1; c.line != want {
				t.Fatalf("chunk %q is on line %d, want %d", c.text, c.line, want)
			}
			at += len(c.text)
			rest = text[at:]
		}
		if hasSubstance(rest) {
			t.Fatalf("%q is left out at the end", rest)
		}
	})
}

// hasSubstance reports whether there is anything but markers, comments,
// directives and blanks.
func hasSubstance(text []byte) bool {
	for l := range bytes.SplitSeq(text, []byte("\n")) {
		if isMarker(l) {
			l = l[3:]
		}
		if hasContent(l) && !bytes.HasPrefix(l, []byte("%")) {
			return true
		}
	}
	return false
}
