package http1

import "bytes"

// Request is the head of a plain request. A zero one is ready to use, and may be used
// again and again.
type Request struct {
	// Target is a path and its query, Host a name or an address, and maybe a port. The
	// method is GET.
	Target, Host []byte
	// Close says that the client wants no more answers than this one.
	Close bool
	// Fields go on to the server: without Host, and what concerns the connection.
	Fields []Field
	// ForwardedFor are the values of X-Forwarded-For, which is none of Fields, as
	// little as its companions and Forwarded are.
	ForwardedFor [][]byte
}

// Parse reads a head, with the empty line at its end. It returns false for one that is
// not plain, of which the Request then says nothing.
func (r *Request) Parse(head []byte) bool {
	*r = Request{Fields: r.Fields[:0], ForwardedFor: r.ForwardedFor[:0]}
	return parse(head, r.start, r.take) && len(r.Host) > 0
}

func (r *Request) start(b []byte) bool {
	b, get := bytes.CutPrefix(b, []byte("GET "))
	b, current := bytes.CutSuffix(b, []byte(" HTTP/1.1"))
	r.Target = b
	return get && current && plainTarget(b)
}

// plainTarget reports whether everybody reads a target as it is written (RFC 3986): an
// absolute path, maybe with a query.
func plainTarget(b []byte) bool {
	if len(b) == 0 || b[0] != '/' || len(b) > 1 && b[1] == '/' {
		return false
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '-', '.', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', ':', '@', '/', '?':
		case '%':
			if i+2 >= len(b) || !isHex(b[i+1]) || !isHex(b[i+2]) {
				return false
			}
			i += 2
		default:
			if !isAlnum(c) {
				return false
			}
		}
	}
	return true
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// take takes a field in, and returns false where the request is not plain for it.
func (r *Request) take(f Field) bool {
	switch n := f.Name; {
	case is(n, "host"):
		if len(r.Host) > 0 || !plainHost(f.Value) {
			return false
		}
		r.Host = f.Value
	case is(n, "connection"):
		r.Close = r.Close || is(f.Value, "close")
		return is(f.Value, "close") || is(f.Value, "keep-alive")
	case is(n, "x-forwarded-for"):
		r.ForwardedFor = append(r.ForwardedFor, f.Value)
	case isAny(n, "x-forwarded-host", "x-forwarded-proto", "forwarded"):
	case isAny(n, "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive",
		"proxy-connection", "proxy-authenticate", "proxy-authorization", "http2-settings"):
		return false
	default:
		r.Fields = append(r.Fields, f)
	}
	return true
}

// plainHost reports whether a Host is a name or an address, and maybe a port.
func plainHost(b []byte) bool {
	for _, c := range b {
		switch c {
		case '.', '-', '_', ':', '[', ']':
		default:
			if !isAlnum(c) {
				return false
			}
		}
	}
	return len(b) > 0
}

// Append writes the head for a server that knows itself as host, and ends it. more are
// field lines, each with its end.
func (r *Request) Append(b []byte, host string, more ...[]byte) []byte {
	b = append(append(b, "GET "...), r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	return appendFields(append(append(b, host...), "\r\n"...), r.Fields, more)
}
