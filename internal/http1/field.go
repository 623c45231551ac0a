package http1

import "bytes"

// Field is one field line (RFC 9112, section 5), without the blanks around its value.
// Both are parts of the head that was parsed.
type Field struct{ Name, Value []byte }

// maxFields is how many field lines a plain head has.
const maxFields = 100

// HeadLen is how long the head is with which b begins, with the empty line at its end; 0
// if it does not end in b.
func HeadLen(b []byte) int {
	i := bytes.Index(b, []byte("\r\n\r\n"))
	if i < 0 {
		return 0
	}
	return i + 4
}

// parse reads a head: its start line, then its fields, one after the other.
func parse(head []byte, start func(line []byte) bool, take func(Field) bool) bool {
	first, rest, ok := line(head)
	if !ok || !start(first) {
		return false
	}
	for range maxFields + 1 {
		var b []byte
		if b, rest, ok = line(rest); !ok {
			return false
		}
		if len(b) == 0 {
			return len(rest) == 0
		}
		f, ok := field(b)
		if !ok || !take(f) {
			return false
		}
	}
	return false
}

// appendFields writes fields, and more lines, each with its end, and the empty line.
func appendFields(b []byte, fields []Field, more [][]byte) []byte {
	for _, f := range fields {
		b = append(append(b, f.Name...), ": "...)
		b = append(append(b, f.Value...), "\r\n"...)
	}
	for _, lines := range more {
		b = append(b, lines...)
	}
	return append(b, "\r\n"...)
}

// line cuts the first line of b off.
func line(b []byte) (first, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\r')
	if i < 0 || i+1 >= len(b) || b[i+1] != '\n' {
		return nil, nil, false
	}
	return b[:i], b[i+2:], true
}

// field parses a field line.
func field(b []byte) (f Field, ok bool) {
	colon := bytes.IndexByte(b, ':')
	if colon <= 0 {
		return f, false
	}
	f = Field{b[:colon], trim(b[colon+1:])}
	if !IsToken(f.Name) {
		return f, false
	}
	for _, c := range f.Value {
		if !isText(c) {
			return f, false
		}
	}
	return f, true
}

// is reports whether a name is that one, which is in lower case.
func is(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// isAny reports whether a name is one of these.
func isAny(name []byte, lower ...string) bool {
	for _, n := range lower {
		if is(name, n) {
			return true
		}
	}
	return false
}

func trim(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// IsToken reports whether s is a token, as names of fields and methods are (RFC 9110,
// section 5.6.2).
func IsToken[T string | []byte](s T) bool {
	for i := range len(s) {
		if !isToken(s[i]) {
			return false
		}
	}
	return len(s) > 0
}

// isToken reports whether c is a tchar (RFC 9110, section 5.6.2).
func isToken(c byte) bool {
	if isAlnum(c) {
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}

// isText reports whether c may stand in a field's value or a reason (RFC 9110, section
// 5.5).
func isText(c byte) bool { return c >= ' ' && c != 0x7f || c == '\t' }
