package relay

import (
	"crypto/tls"
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
	stream *os.File
	to     netip.AddrPort

	sent, received atomic.Int64
	ending         sync.Once
	closed         func() // told of the end, if not nil
}

func newOutward(s *socket, to netip.AddrPort) *outward {
	s.keepAlive()
	return &outward{socket: s, stream: s.file.(*os.File), to: to}
}

// beneath is the connection below TLS, if there is any.
func beneath(conn net.Conn) *outward {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	return conn.(*outward)
}

func (o *outward) Read(b []byte) (int, error) {
	n, err := o.stream.Read(b)
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
