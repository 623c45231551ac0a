package http1

import "bytes"

// Chunked is the length of a body that comes in chunks (RFC 9112, section 7.1), whose
// end [Body] finds.
const Chunked = -1

// Response is the head of a plain response. A zero one is ready to use, and may be used
// again and again.
type Response struct {
	// Line is the status line without its end.
	Line []byte
	// Status is 200 or above.
	Status int
	// Length is how many octets of body follow, or Chunked.
	Length int64
	// Close says that the server ends the connection after it.
	Close bool
	// Dated and Located say that there is a Date, and a Location.
	Dated, Located bool
	// Fields go on to the client: without what concerns the connection.
	Fields []Field

	measured, chunked bool
}

// Parse reads a head, with the empty line at its end, of the answer to a GET. It returns
// false for one that is not plain, of which the Response then says nothing.
func (r *Response) Parse(head []byte) bool {
	*r = Response{Fields: r.Fields[:0]}
	return parse(head, r.start, r.take) && r.bounded()
}

func (r *Response) start(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("HTTP/1.1 "))
	if !ok || len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' {
		return false
	}
	for _, c := range rest[:3] {
		if !isDigit(c) {
			return false
		}
		r.Status = 10*r.Status + int(c-'0')
	}
	for _, c := range rest[3:] {
		if !isText(c) {
			return false
		}
	}
	r.Line = b
	return r.Status >= 200
}

// take takes a field in, and returns false where the response is not plain for it.
func (r *Response) take(f Field) bool {
	switch n := f.Name; {
	case is(n, "connection"):
		r.Close = r.Close || is(f.Value, "close")
		return is(f.Value, "close") || is(f.Value, "keep-alive")
	case is(n, "keep-alive"):
		return true
	case is(n, "content-length"):
		if r.measured || !r.length(f.Value) {
			return false
		}
		r.measured = true
	case is(n, "transfer-encoding"):
		if r.chunked || !is(f.Value, "chunked") {
			return false
		}
		r.chunked = true
	case isAny(n, "te", "trailer", "upgrade", "proxy-connection", "proxy-authenticate", "proxy-authorization"):
		return false
	case is(n, "date"):
		r.Dated = true
	case is(n, "location"):
		r.Located = true
	}
	r.Fields = append(r.Fields, f)
	return true
}

// length reads a Content-Length: digits, and not more than any body has.
func (r *Response) length(b []byte) bool {
	if len(b) == 0 || len(b) > 18 {
		return false
	}
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
		r.Length = 10*r.Length + int64(c-'0')
	}
	return true
}

// bounded finds where the body ends (RFC 9112, section 6.3), and returns false where that
// is not said, or in two ways.
func (r *Response) bounded() bool {
	switch {
	case r.measured && r.chunked:
		return false
	case r.Status == 204:
		return !r.measured && !r.chunked
	case r.Status == 304:
		r.Length = 0
		return true
	case r.chunked:
		r.Length = Chunked
		return true
	}
	return r.measured
}

// Append writes the head for a client, and ends it. more are field lines, each with its
// end.
func (r *Response) Append(b []byte, more ...[]byte) []byte {
	return appendFields(append(append(b, r.Line...), "\r\n"...), r.Fields, more)
}
