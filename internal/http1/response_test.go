package http1

import (
	"fmt"
	"strings"
	"testing"
)

func TestResponse(t *testing.T) {
	var r Response
	for _, c := range []struct{ name, head, want string }{
		{"a length", "HTTP/1.1 200 OK|Content-Length: 5", "200, 5"},
		{"none", "HTTP/1.1 404 |content-length: 0", "404, 0"},
		{"no reason", "HTTP/1.1 200|Content-Length: 5", "200, 5"},
		{"chunks", "HTTP/1.1 200 OK|Transfer-Encoding: Chunked", "200, -1"},
		{"not modified", "HTTP/1.1 304 Not Modified|Content-Length: 5", "304, 0"},
		{"no content", "HTTP/1.1 204 No Content", "204, 0"},
		{"the last", "HTTP/1.1 200 OK|Content-Length: 5|Connection: close", "200, 5 closes"},
		{"kept", "HTTP/1.1 200 OK|Connection: keep-alive|Keep-Alive: timeout=5|Content-Length: 5", "200, 5"},
		{"a date and a place", "HTTP/1.1 302 Found|Date: now|Location: /|Content-Length: 0", "302, 0 dated located"},

		{"until the end", "HTTP/1.1 200 OK", ""},
		{"two ends", "HTTP/1.1 200 OK|Content-Length: 5|Transfer-Encoding: chunked", ""},
		{"two lengths", "HTTP/1.1 200 OK|Content-Length: 5|Content-Length: 5", ""},
		{"a list of lengths", "HTTP/1.1 200 OK|Content-Length: 5, 5", ""},
		{"a sign", "HTTP/1.1 200 OK|Content-Length: +5", ""},
		{"an empty length", "HTTP/1.1 200 OK|Content-Length:", ""},
		{"a length beyond all", "HTTP/1.1 200 OK|Content-Length: 9999999999999999999", ""},
		{"chunks twice", "HTTP/1.1 200 OK|Transfer-Encoding: chunked|Transfer-Encoding: chunked", ""},
		{"another coding", "HTTP/1.1 200 OK|Transfer-Encoding: gzip, chunked", ""},
		{"no content with a length", "HTTP/1.1 204 No Content|Content-Length: 5", ""},
		{"trailers", "HTTP/1.1 200 OK|Transfer-Encoding: chunked|Trailer: X", ""},
		{"informational", "HTTP/1.1 103 Early Hints|Link: a", ""},
		{"a switch", "HTTP/1.1 101 Switching Protocols|Upgrade: a|Connection: Upgrade", ""},
		{"an old version", "HTTP/1.0 200 OK|Content-Length: 5", ""},
		{"no status", "HTTP/1.1 OK|Content-Length: 5", ""},
		{"a long status", "HTTP/1.1 2000 OK|Content-Length: 5", ""},
		{"a field of the connection", "HTTP/1.1 200 OK|Content-Length: 5|Connection: X", ""},
		{"a folded line", "HTTP/1.1 200 OK|Content-Length: 5|X: a| b", ""},
		{"a bare CR", "HTTP/1.1 200 OK|Content-Length: 5|X: a\rb", ""},
		{"a bare LF", "HTTP/1.1 200 OK|Content-Length: 5|X: a\nb", ""},
	} {
		head := []byte(strings.ReplaceAll(c.head, "|", "\r\n") + "\r\n\r\n")
		got := ""
		if r.Parse(head) {
			got = fmt.Sprintf("%d, %d", r.Status, r.Length)
			for what, is := range map[string]bool{" closes": r.Close, " dated": r.Dated && !r.Located, " dated located": r.Dated && r.Located} {
				if is {
					got += what
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	r.Parse([]byte("HTTP/1.1 200 Fine\r\nConnection: close\r\nX-a:b\r\nContent-Length: 1\r\nKeep-Alive: 5\r\n\r\n"))
	if got, want := string(r.Append(nil, []byte("Date: now\r\n"), nil)), "HTTP/1.1 200 Fine\r\nX-a: b\r\nContent-Length: 1\r\nDate: now\r\n\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
