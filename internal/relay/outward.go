package relay

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// outward is a connection to an endpoint, as package net has them.
type outward struct {
	*socket
	patient
	stream *os.File
	to     netip.AddrPort

	sent, received atomic.Int64
	ending         sync.Once
	closed         func() // told of the end, if not nil
}

func newOutward(s *socket, to netip.AddrPort) *outward {
	s.keepAlive()
	return &outward{socket: s, patient: patient{raw: s.raw}, stream: s.file.(*os.File), to: to}
}

// beneath is the connection to an endpoint below TLS, if there is any.
func beneath(conn net.Conn) *outward { return withoutTLS(conn).(*outward) }

// withoutTLS is the connection below TLS, or the very connection.
func withoutTLS(conn net.Conn) net.Conn {
	if secured, ok := conn.(*tls.Conn); ok {
		return secured.NetConn()
	}
	return conn
}

func (o *outward) Read(b []byte) (int, error) {
	from := o.stream.Read
	if o.asking {
		from = o.patient.read
	}
	n, err := from(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = os.ErrDeadlineExceeded // crypto/tls reads on after this one, and not after package os's own
	}
	o.received.Add(int64(n))
	return n, err
}

func (o *outward) Write(b []byte) (int, error) {
	n, err := o.stream.Write(b)
	o.sent.Add(int64(n))
	return n, err
}

func (o *outward) Close() error {
	o.ending.Do(func() {
		if o.closed != nil {
			o.closed()
		}
	})
	return o.stream.Close()
}

func (o *outward) CloseWrite() error {
	o.closeWrite()
	return nil
}

func (o *outward) LocalAddr() net.Addr                { return &net.TCPAddr{} }
func (o *outward) RemoteAddr() net.Addr               { return net.TCPAddrFromAddrPort(o.to) }
func (o *outward) SetDeadline(t time.Time) error      { return o.stream.SetDeadline(t) }
func (o *outward) SetReadDeadline(t time.Time) error  { return o.stream.SetReadDeadline(t) }
func (o *outward) SetWriteDeadline(t time.Time) error { return o.stream.SetWriteDeadline(t) }
