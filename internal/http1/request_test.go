package http1

import (
	"fmt"
	"strings"
	"testing"
)

func TestRequest(t *testing.T) {
	var r Request // one for all: nothing of the last stays
	for _, c := range []struct{ name, head, want string }{
		{"the least", "GET / HTTP/1.1|Host: a", "GET / HTTP/1.1|Host: b"},
		{"a path and a query", "GET /x%2Fy;z=1?q=a+b&%20 HTTP/1.1|Host: a.example.com:8080", "GET /x%2Fy;z=1?q=a+b&%20 HTTP/1.1|Host: b"},
		{"fields, as they are written", "GET / HTTP/1.1|aCCept:*/*|Host:\ta |X-Empty:|Cookie: a=\"b\"; c|X-Obs: \xff", "GET / HTTP/1.1|Host: b|aCCept: */*|X-Empty: |Cookie: a=\"b\"; c|X-Obs: \xff"},
		{"the connection's own", "GET / HTTP/1.1|Connection: Keep-Alive|Host: a", "GET / HTTP/1.1|Host: b"},
		{"the last", "GET / HTTP/1.1|Host: a|Connection: close", "GET / HTTP/1.1|Host: b (closes)"},
		{"who was before", "GET / HTTP/1.1|Host: a|X-Forwarded-For: 1|Forwarded: for=2|X-Forwarded-Host: c|x-forwarded-for: 3|X-Forwarded-Proto: d", "GET / HTTP/1.1|Host: b (for 1 3)"},
		{"an address", "GET / HTTP/1.1|Host: [2001:db8::1]:80", "GET / HTTP/1.1|Host: b"},

		{"no host", "GET / HTTP/1.1|X: a", ""},
		{"an empty host", "GET / HTTP/1.1|Host:", ""},
		{"two hosts", "GET / HTTP/1.1|Host: a|Host: a", ""},
		{"a host with a path", "GET / HTTP/1.1|Host: a/b", ""},
		{"a host with a name", "GET / HTTP/1.1|Host: a@b", ""},
		{"HEAD", "HEAD / HTTP/1.1|Host: a", ""},
		{"another method", "POST / HTTP/1.1|Host: a", ""},
		{"a method in lower case", "get / HTTP/1.1|Host: a", ""},
		{"another version", "GET / HTTP/1.0|Host: a", ""},
		{"a version of HTTP/2", "PRI * HTTP/2.0", ""},
		{"no version", "GET /|Host: a", ""},
		{"two blanks", "GET  / HTTP/1.1|Host: a", ""},
		{"a blank more", "GET / HTTP/1.1 |Host: a", ""},
		{"a URL", "GET http://a/ HTTP/1.1|Host: a", ""},
		{"an asterisk", "GET * HTTP/1.1|Host: a", ""},
		{"two slashes", "GET //a HTTP/1.1|Host: a", ""},
		{"half an escape", "GET /%2 HTTP/1.1|Host: a", ""},
		{"a wrong escape", "GET /%zz HTTP/1.1|Host: a", ""},
		{"a fragment", "GET /#a HTTP/1.1|Host: a", ""},
		{"a quote", "GET /\" HTTP/1.1|Host: a", ""},
		{"a body", "GET / HTTP/1.1|Host: a|Content-Length: 1", ""},
		{"an empty body", "GET / HTTP/1.1|Host: a|content-length: 0", ""},
		{"chunks", "GET / HTTP/1.1|Host: a|Transfer-Encoding: chunked", ""},
		{"an upgrade", "GET / HTTP/1.1|Host: a|Connection: Upgrade|Upgrade: websocket", ""},
		{"an upgrade alone", "GET / HTTP/1.1|Host: a|Upgrade: websocket", ""},
		{"a field of the connection", "GET / HTTP/1.1|Host: a|Connection: X-Mine|X-Mine: 1", ""},
		{"two of it", "GET / HTTP/1.1|Host: a|Connection: keep-alive, X-Mine|X-Mine: 1", ""},
		{"what it expects", "GET / HTTP/1.1|Host: a|Expect: 100-continue", ""},
		{"trailers", "GET / HTTP/1.1|Host: a|TE: trailers", ""},
		{"a login at a proxy", "GET / HTTP/1.1|Host: a|Proxy-Authorization: b", ""},
		{"a blank before the colon", "GET / HTTP/1.1|Host : a", ""},
		{"a blank before the name", "GET / HTTP/1.1|Host: a| X: b", ""},
		{"no colon", "GET / HTTP/1.1|Host: a|X", ""},
		{"no name", "GET / HTTP/1.1|Host: a|: b", ""},
		{"a name that is none", "GET / HTTP/1.1|Host: a|X(): b", ""},
		{"a NUL", "GET / HTTP/1.1|Host: a|X: a\x00b", ""},
		{"a bare CR", "GET / HTTP/1.1|Host: a|X: a\rContent-Length: 5", ""},
		{"a bare LF", "GET / HTTP/1.1|Host: a|X: a\nContent-Length: 5", ""},
		{"too many fields", "GET / HTTP/1.1|Host: a" + strings.Repeat("|X: a", maxFields), ""},
		{"nothing", "", ""},
	} {
		head := []byte(strings.ReplaceAll(c.head, "|", "\r\n") + "\r\n\r\n")
		if n := HeadLen(append(head, "more\r\n\r\n"...)); n != len(head) && c.name != "nothing" {
			t.Errorf("%s: the head has %d octets, want %d", c.name, n, len(head))
		}
		got := ""
		if r.Parse(head) {
			got = strings.ReplaceAll(strings.TrimSuffix(string(r.Append(nil, "b")), "\r\n\r\n"), "\r\n", "|")
			if len(r.ForwardedFor) > 0 {
				got += fmt.Sprintf(" (for %s)", strings.Trim(fmt.Sprintf("%s", r.ForwardedFor), "[]"))
			}
			if r.Close {
				got += " (closes)"
			}
		}
		if got != c.want {
			t.Errorf("%s: %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestHalfAHead(t *testing.T) {
	for _, b := range []string{"", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\nHost: a\n\n"} {
		if n := HeadLen([]byte(b)); n != 0 {
			t.Errorf("%q ends after %d octets", b, n)
		}
	}
}
