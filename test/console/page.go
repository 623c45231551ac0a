package console

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Step is one command of a page, and what the page says that it prints.
type Step struct {
	Line    int    // of the command, from 1
	Heading string // that it stands under, without the #s
	Command string // more than one line where each but the last ends in \, or a here-document follows
	Want    []string
}

// Read returns the steps of a page in their order. In a console block, lines
// that begin with "$ " are commands, and those between are what they print. In
// an expected line "..." stands for anything, with the spaces around it, so that
// tables can stay tables; alone on a line it stands for any number of lines.
func Read(path string) ([]Step, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []Step
	var heading, until string // until is the word that ends a here-document
	inside, fenced := false, false
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case until != "":
			all[len(all)-1].Command += "\n" + line
			if line == until {
				until = ""
			}
		case strings.HasPrefix(line, "```"):
			inside = !fenced && line == "```console"
			fenced = !fenced
		case !fenced && strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		case !inside:
		case strings.HasPrefix(line, "$ "):
			all = append(all, Step{Line: i + 1, Heading: heading, Command: line[2:]})
			until = hereDocument(line)
		case len(all) > 0 && strings.HasSuffix(all[len(all)-1].Command, `\`):
			all[len(all)-1].Command += "\n" + line
			until = hereDocument(line)
		case len(all) > 0:
			last := &all[len(all)-1]
			last.Want = append(last.Want, line)
		}
	}
	if until != "" {
		return nil, fmt.Errorf("%s: a here-document does not end with a line %q", path, until)
	}
	return all, nil
}

var here = regexp.MustCompile(`<<'?([A-Z]+)'?$`)

// hereDocument returns the word that ends the here-document which begins at the
// end of the line, if one does.
func hereDocument(line string) string {
	if m := here.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

// columns are the gaps of a table, whose width depends on what stands in it.
var columns = regexp.MustCompile(`(\S) {2,}`)

// Matches reports whether output is what the page says, whole. How wide the
// gaps of a table are does not count, nor do spaces at the end of a line, nor
// whether the last line is ended.
func (s Step) Matches(output string) bool {
	if output != "" && !strings.HasSuffix(output, "\n") {
		output += "\n"
	}
	var p strings.Builder
	for _, line := range s.Want {
		if strings.TrimSpace(line) == "..." {
			p.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		parts := strings.Split(strings.TrimRight(line, " \t"), "...")
		for i, part := range parts {
			if i > 0 {
				part = strings.TrimLeft(part, " ")
			}
			if i < len(parts)-1 {
				part = strings.TrimRight(part, " ")
			}
			parts[i] = columns.ReplaceAllString(regexp.QuoteMeta(part), "$1 {2,}")
		}
		p.WriteString(strings.Join(parts, `[^\n]*`) + `[ \t]*\n`)
	}
	return regexp.MustCompile(`\A` + p.String() + `\z`).MatchString(output)
}
