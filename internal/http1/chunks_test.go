package http1

import (
	"strings"
	"testing"
)

// TestChunks: bodies, whole and octet by octet, with something behind them.
func TestChunks(t *testing.T) {
	for _, c := range []struct {
		name, body string
		ends       bool
	}{
		{"nothing", "0\r\n\r\n", true},
		{"one", "5\r\nhello\r\n0\r\n\r\n", true},
		{"a size in capitals, with zeros", "00A\r\n0123456789\r\n000\r\n\r\n", true},
		{"CR LF in data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", true},
		{"all digits", "0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", true},
		{"blanks behind the size", "5 \t \r\nhello\r\n0 \r\n\r\n", true},
		{"many extensions", strings.Repeat("64;"+strings.Repeat("e", 50)+"\r\n"+strings.Repeat("d", 100)+"\r\n", 1000) + "0\r\n\r\n", true},
		{"an extension", "5;a=\"b\"\r\nhello\r\n0;c\r\n\r\n", true},
		{"trailers", "0\r\nX: a\r\nY: b\r\n\r\n", true},

		{"no size", "\r\nhello", false},
		{"no number", "x\r\n", false},
		{"a sign", "+5\r\nhello\r\n0\r\n\r\n", false},
		{"a blank before the size", " 5\r\nhello\r\n0\r\n\r\n", false},
		{"a blank in the size", "5 5\r\nhello\r\n0\r\n\r\n", false},
		{"one digit more", "00000000000000005\r\nhello\r\n0\r\n\r\n", false},
		{"blanks without an end", "5" + strings.Repeat(" ", maxBeside+1), false},
		{"LF alone behind the size", "5\nhello\r\n0\r\n\r\n", false},
		{"CR alone behind the size", "5\rhello\r\n0\r\n\r\n", false},
		{"nothing behind data", "5\r\nhello0\r\n\r\n", false},
		{"LF alone behind data", "5\r\nhello\n0\r\n\r\n", false},
		{"a size beyond all", strings.Repeat("f", 17) + "\r\n", false},
		{"a bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n", false},
		{"a folded trailer", "0\r\n a\r\n\r\n", false},
		{"a CR alone in a trailer", "0\r\nX: a\rb\r\n\r\n", false},
		{"no LF at the end", "0\r\n\rx", false},
		{"extensions without an end", "5;" + strings.Repeat("a", maxBeside+1), false},
	} {
		const behind = "HTTP/1.1"
		all := []byte(c.body + behind)
		var whole chunks
		n, done, err := whole.scan(all)
		if c.ends != (n == len(c.body) && done && err == nil) || !c.ends && err == nil {
			t.Errorf("%s: %d of %d octets, %t, %v", c.name, n, len(c.body), done, err)
		}
		var single chunks
		m := 0
		for i := range all {
			took, ends, broken := single.scan(all[i : i+1])
			m += took
			if ends || broken != nil {
				if ends != done || (broken == nil) != (err == nil) || m != n {
					t.Errorf("%s: octet by octet %d, %t, %v, and %d, %t, %v in one", c.name, m, ends, broken, n, done, err)
				}
				break
			}
		}
	}
}
