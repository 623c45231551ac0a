package file

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// source is a text, with where its lines begin for the YAML parser.
type source struct {
	text  []byte
	lines []int
	// end is how its lines end.
	end string
}

func newSource(text []byte) source {
	s := source{text: text, lines: []int{0}, end: "\n"}
	for i := 0; i < len(text); {
		n := lineBreak(text[i:])
		if n == 0 {
			i++
			continue
		}
		i += n
		s.lines = append(s.lines, i)
	}
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		s.end = "\r\n"
	}
	return s
}

// lineBreak is the length of the line break that a text begins with, 0 for none. YAML
// has more of them than other texts (YAML 1.1, 4.2).
func lineBreak(text []byte) int {
	switch {
	case bytes.HasPrefix(text, []byte("\r\n")):
		return 2
	case text[0] == '\n' || text[0] == '\r':
		return 1
	case bytes.HasPrefix(text, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(text, []byte("\u2028")), bytes.HasPrefix(text, []byte("\u2029")):
		return 3
	}
	return 0
}

// at is where a node begins.
func (s *source) at(n *yaml.Node) (int, bool) {
	if n.Line < 1 || n.Line > len(s.lines) || n.Column < 1 {
		return 0, false
	}
	at := s.lines[n.Line-1]
	for range n.Column - 1 {
		if at >= len(s.text) {
			return 0, false
		}
		_, size := utf8.DecodeRune(s.text[at:])
		at += size
	}
	return at, at <= len(s.text)
}

// lineStart is where the line begins that at is in, lineAfter where the next one
// does.
func (s *source) lineStart(at int) int {
	i := len(s.lines) - 1
	for s.lines[i] > at {
		i--
	}
	return s.lines[i]
}

func (s *source) lineAfter(at int) int {
	for _, l := range s.lines {
		if l > at {
			return l
		}
	}
	return len(s.text)
}

// indent is the blank text that a line begins with, if there is nothing else before
// at.
func (s *source) indent(at int) (string, bool) {
	before := s.text[s.lineStart(at):at]
	return string(before), len(bytes.Trim(before, " \t")) == 0
}

// after is where a node ends: behind its last character.
func (s *source) after(n *yaml.Node) (int, bool) {
	at, ok := s.at(n)
	if !ok {
		return 0, false
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.Style&yaml.DoubleQuotedStyle != 0:
		return s.closing(at, '"')
	case n.Kind == yaml.ScalarNode && n.Style&yaml.SingleQuotedStyle != 0:
		return s.closing(at, '\'')
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0:
		// Plain, and on one line it is what it says.
		return at + len(n.Value), bytes.HasPrefix(s.text[at:], []byte(n.Value))
	case (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && n.Style&yaml.FlowStyle != 0:
		return s.flowEnd(at, n)
	}
	return 0, false
}

// closing is behind the quote that closes the one at at.
func (s *source) closing(at int, quote byte) (int, bool) {
	if at >= len(s.text) || s.text[at] != quote {
		return 0, false
	}
	for i := at + 1; i < len(s.text); i++ {
		switch {
		case quote == '"' && s.text[i] == '\\':
			i++
		case s.text[i] != quote:
		case quote == '\'' && i+1 < len(s.text) && s.text[i+1] == quote:
			i++
		default:
			return i + 1, true
		}
	}
	return 0, false
}

// flowEnd is behind the bracket that closes a mapping or a sequence in brackets.
func (s *source) flowEnd(at int, n *yaml.Node) (int, bool) {
	open, end := byte('{'), byte('}')
	if n.Kind == yaml.SequenceNode {
		open, end = '[', ']'
	}
	if at >= len(s.text) || s.text[at] != open {
		return 0, false
	}
	at++
	if len(n.Content) > 0 {
		var ok bool
		if at, ok = s.after(n.Content[len(n.Content)-1]); !ok {
			return 0, false
		}
	}
	for at < len(s.text) {
		switch c := s.text[at]; c {
		case end:
			return at + 1, true
		case ' ', '\t', '\r', '\n', ',':
			at++
		case '#':
			at = s.lineAfter(at)
		default:
			return 0, false
		}
	}
	return 0, false
}
