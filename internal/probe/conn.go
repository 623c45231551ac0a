package probe

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// maxRead is how much is read of one connection, in octets: more than any
// certificate chain and answer have together.
const maxRead = 256 << 10

// conn is a connection of a probe. It ends with the probe's context, and a read of
// more than maxRead ends with errFlood.
type conn struct {
	net.Conn // not *net.TCPConn, whose WriteTo goes around Read
	tcp      *net.TCPConn
	left     int
	release  func() bool
	// lost is whether the other side was seen to hang up.
	lost atomic.Bool
}

// dial connects to the endpoint, and never to anything else.
func (a *attempt) dial(ctx context.Context) (*conn, error) {
	a.conn = nil
	d := net.Dialer{KeepAlive: -1}
	nc, err := d.DialContext(ctx, "tcp", a.check.Addr.String())
	if err != nil {
		return nil, err
	}
	a.conn = &conn{
		Conn: nc, tcp: nc.(*net.TCPConn), left: maxRead,
		release: context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) }),
	}
	return a.conn, nil
}

func (c *conn) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, errFlood
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	if err != nil && hungUp(err) {
		c.lost.Store(true)
	}
	return n, err
}

// Write makes nothing of a server that has hung up: it may have answered before,
// without a look at the question, and reading finds out.
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil && hungUp(err) {
		return len(b), nil
	}
	return n, err
}

// Close ends the connection with a FIN and, at once, a RST. The FIN alone would
// leave the socket behind in TIME_WAIT, with its port, for a minute, and an entry
// in the tables of conntrack for two; SO_LINGER with a second, as the kubelet sets
// it, changes nothing about that on Linux. The RST alone would be an error to the
// server, which many log: after the FIN they read the end of a conversation.
// (Where the server's own FIN comes between the two, TIME_WAIT it is: on loopback.)
func (c *conn) Close() error {
	c.release()
	_ = c.tcp.SetLinger(0)
	_ = c.tcp.CloseWrite()
	return c.tcp.Close()
}
