package http1

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// FuzzRequest: what is plain here is the same request to package net/http, before and
// after it was passed on.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("GET /x?y HTTP/1.1\r\nHost: a\r\nX: b\r\nConnection: close\r\n\r\n"))
	f.Add([]byte("GET / HTTP/1.1\r\nhost: a:1\r\nCookie: a=b\r\nX-Forwarded-For: c\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Request
		if n := HeadLen(b); n != len(b) || !r.Parse(b) {
			return
		}
		read, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		want := read.Header.Clone()
		for _, name := range []string{"Connection", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"} {
			want.Del(name)
		}
		if read.Method != http.MethodGet || read.RequestURI != string(r.Target) || read.Host != string(r.Host) || read.Close != r.Close || read.ContentLength != 0 {
			t.Errorf("%q: %+v", b, read)
		}
		passed, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.Append(nil, "other"))))
		if err != nil {
			t.Fatalf("%q: %v", r.Append(nil, "other"), err)
		}
		if passed.Host != "other" || passed.RequestURI != read.RequestURI || passed.URL.RequestURI() != read.RequestURI || !maps.EqualFunc(passed.Header, want, slices.Equal) {
			t.Errorf("%q: passed on as %+v", b, passed)
		}
	})
}

// FuzzResponse is the same for responses.
func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: b\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Response
		if n := HeadLen(b); n != len(b) || !r.Parse(b) {
			return
		}
		for _, message := range [][]byte{b, r.Append(nil)} {
			read, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(message)), nil)
			if err != nil {
				t.Fatalf("%q: %v", message, err)
			}
			length := read.ContentLength
			if read.StatusCode == http.StatusNotModified || read.StatusCode == http.StatusNoContent {
				length = 0
			}
			if read.StatusCode != r.Status || length != r.Length || (r.Length == Chunked) != (length == -1 && slices.Equal(read.TransferEncoding, []string{"chunked"})) {
				t.Errorf("%q: %+v, and here %+v", message, read, r)
			}
			for _, field := range r.Fields {
				name := textproto.CanonicalMIMEHeaderKey(string(field.Name))
				if !slices.Contains(read.Header[name], string(field.Value)) && name != "Transfer-Encoding" {
					t.Errorf("%q: no %s", message, name)
				}
			}
		}
	})
}

// FuzzChunks: what ends here ends there, for package net/http, and pieces are as the whole.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), 3)
	f.Add([]byte("1;a\r\nb\r\n0\r\nX: y\r\n\r\nmore"), 1)
	f.Fuzz(func(t *testing.T, b []byte, piece int) {
		if piece <= 0 {
			return
		}
		var c chunks
		n, done, err := c.scan(b)
		var parts chunks
		m, over := 0, false
		for some := range slices.Chunk(b, piece) {
			took, ends, broken := parts.scan(some)
			if m += took; ends || broken != nil {
				if over = true; ends != done || (broken == nil) != (err == nil) {
					t.Fatalf("%q: %t, %v in pieces, %t, %v in one", b, ends, broken, done, err)
				}
				break
			}
		}
		if m != n || over != (done || err != nil) {
			t.Fatalf("%q: %d octets in pieces, %d in one", b, m, n)
		}
		if !done {
			return
		}
		// The reader of net/http leaves trailers and the last CR LF.
		rest := bufio.NewReader(bytes.NewReader(b[:n]))
		if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(rest)); err != nil {
			t.Fatalf("%q: %v", b[:n], err)
		}
		left, err := io.ReadAll(rest)
		if err != nil || !strings.HasSuffix(string(left), "\r\n") {
			t.Errorf("%q: %q is left, %v", b[:n], left, err)
		}
	})
}
