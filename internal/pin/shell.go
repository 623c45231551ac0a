package pin

import (
	"strings"
	"unicode"
)

// word is a text as one word of a shell. Others wrote it into the object, and people
// copy the command.
func word(s string) string {
	s = strings.Map(plain, s)
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:/@", r)
	}
	if s != "" && s[0] != '-' && !strings.ContainsFunc(s, odd) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// plain replaces what moves a terminal's cursor, or colours it.
func plain(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}
