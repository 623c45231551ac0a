package relay

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// closeWrite ends one direction, where a connection has two.
func closeWrite(c net.Conn) error {
	if two, ok := c.(interface{ CloseWrite() error }); ok {
		return two.CloseWrite()
	}
	return nil
}

// named are the endpoints of that name; all of them if none has it.
func named(order []*endpoint, name string) []*endpoint {
	var same []*endpoint
	for _, e := range order {
		if strings.EqualFold(e.host, name) {
			same = append(same, e)
		}
	}
	if len(same) == 0 {
		return order
	}
	return same
}

// errPeeked ends a handshake of which no more is wanted than the beginning.
var errPeeked = errors.New("the relay has seen what it wants")

// peek reads the ClientHello of a TLS handshake, and returns all that was read.
func peek(client net.Conn) (hello *tls.ClientHelloInfo, read []byte, err error) {
	r := &recorder{from: client}
	err = tls.Server(r, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		hello = h
		return nil, errPeeked
	}}).Handshake()
	if hello == nil {
		return nil, nil, err
	}
	return hello, r.seen.Bytes(), nil
}

// maxHello is how much a ClientHello may be, in octets: 2^16 and the headers of
// records around that would be more than any client has to say.
const maxHello = 64 << 10

// recorder notes what is read, and writes nothing.
type recorder struct {
	from net.Conn
	seen bytes.Buffer
}

func (r *recorder) Read(b []byte) (int, error) {
	if r.seen.Len() >= maxHello {
		return 0, errors.New("the ClientHello has no end")
	}
	n, err := r.from.Read(b)
	r.seen.Write(b[:n])
	return n, err
}

func (r *recorder) Write(b []byte) (int, error)      { return len(b), nil }
func (r *recorder) Close() error                     { return io.ErrClosedPipe }
func (r *recorder) LocalAddr() net.Addr              { return r.from.LocalAddr() }
func (r *recorder) RemoteAddr() net.Addr             { return r.from.RemoteAddr() }
func (r *recorder) SetDeadline(time.Time) error      { return nil }
func (r *recorder) SetReadDeadline(time.Time) error  { return nil }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }
