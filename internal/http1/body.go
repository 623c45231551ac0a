package http1

// Body finds the end of a response's body. [Response.Body] makes one.
type Body struct {
	left   int64 // octets, or Chunked
	chunks chunks
	// Ended says that all of it was taken, More that something came after its end.
	Ended, More bool
}

// Body is the body that follows.
func (r *Response) Body() Body { return Body{left: r.Length} }

// Take returns what of the octets that come next is part of the body, or ErrChunks.
func (b *Body) Take(next []byte) ([]byte, error) {
	n, err := len(next), error(nil)
	if b.left == Chunked {
		n, b.Ended, err = b.chunks.scan(next)
	} else {
		n = int(min(b.left, int64(n)))
		b.left -= int64(n)
		b.Ended = b.left == 0
	}
	b.More = n < len(next)
	return next[:n], err
}
