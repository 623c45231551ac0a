package trust

import (
	"strings"
	"unicode"
)

// MaxQuote is how much of what a server says people are told, in characters.
const MaxQuote = 200

// Clean makes what a server said fit for one line of a status.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "?")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > MaxQuote {
		return string(r[:MaxQuote]) + "..."
	}
	return s
}
