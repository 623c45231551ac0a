package http1

import "errors"

// ErrChunks is why a body is broken off that does not come in chunks as RFC 9112, section
// 7.1 has them.
var ErrChunks = errors.New("the chunks of the body are malformed")

// chunks follows a body that comes in chunks. The zero value stands before the first.
type chunks struct {
	next   place
	left   uint64 // octets of the chunk's data that are to come
	digits int    // of its size
	beside int    // octets of extensions and trailers so far
}

// place is what comes next.
type place int

const (
	inSize    place = iota
	inSizeEnd       // the LF after a size
	inExtension
	afterSize // blanks between a size and the end of its line
	inData
	inDataEnd  // the CR after data
	inDataEnd2 // the LF after that
	atTrailer  // a trailer's first octet, or the CR of the empty line
	inTrailer
	inTrailerEnd // the LF after a trailer
	inEnd        // the last LF
)

const (
	// maxDigits is how many a chunk's size has: as many as 64 bits.
	maxDigits = 16
	// maxBeside is how many octets of a body's extensions and trailers are passed on.
	maxBeside = 16 << 10
)

// scan goes through the next octets of the body, and returns how many of b are part of
// it, and whether they end it.
func (c *chunks) scan(b []byte) (n int, done bool, err error) {
	for n < len(b) {
		if c.next == inData {
			took := min(c.left, uint64(len(b)-n))
			n += int(took)
			c.beside -= min(c.beside, int(took)) // what is little beside data is no matter
			if c.left -= took; c.left == 0 {
				c.next = inDataEnd
			}
			continue
		}
		at := c.next
		if !c.step(b[n]) {
			return n, false, ErrChunks
		}
		n++
		if at == inEnd {
			return n, true, nil
		}
	}
	return n, false, nil
}

// step takes one octet that is no data, and returns false where it must not stand.
func (c *chunks) step(b byte) bool {
	switch c.next {
	case inSize:
		return c.size(b)
	case inExtension, inTrailer:
		if c.beside++; c.beside > maxBeside {
			return false
		}
		switch {
		case b != '\r':
			return isText(b)
		case c.next == inExtension:
			c.next = inSizeEnd
		default:
			c.next = inTrailerEnd
		}
		return true
	case afterSize:
		if c.beside++; c.beside > maxBeside {
			return false
		}
		if b == '\r' {
			c.next = inSizeEnd
		}
		return b == '\r' || isBlank(b)
	case inSizeEnd:
		c.next, c.digits = inData, 0
		if c.left == 0 {
			c.next = atTrailer
		}
		return b == '\n'
	case inDataEnd:
		c.next = inDataEnd2
		return b == '\r'
	case inDataEnd2:
		c.next = inSize
		return b == '\n'
	case atTrailer:
		if b == '\r' {
			c.next = inEnd
			return true
		}
		c.next = inTrailer
		return isToken(b)
	case inTrailerEnd:
		c.next = atTrailer
		return b == '\n'
	}
	return b == '\n'
}

// size takes an octet of a chunk's size, or what is behind it.
func (c *chunks) size(b byte) bool {
	switch {
	case isHex(b):
		c.digits++
		c.left = c.left<<4 | uint64(value(b))
		return c.digits <= maxDigits
	case c.digits == 0:
		return false
	case b == '\r':
		c.next = inSizeEnd
		return true
	}
	if c.next = inExtension; isBlank(b) {
		c.next = afterSize
	}
	return b == ';' || isBlank(b)
}

func value(hex byte) byte {
	switch {
	case isDigit(hex):
		return hex - '0'
	case hex >= 'a':
		return hex - 'a' + 10
	}
	return hex - 'A' + 10
}
