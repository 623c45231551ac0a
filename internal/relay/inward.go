package relay

import (
	"fmt"
	"net"
	"slices"
)

// inward is a client's connection of which something may have been read already that
// somebody else is to read.
type inward struct {
	net.Conn // not *net.TCPConn, whose WriteTo goes around Read
	patient
	first []byte
}

func newInward(client *net.TCPConn) (*inward, error) {
	raw, err := client.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return &inward{Conn: client, patient: patient{raw: raw}}, nil
}

// unread has b read again.
func (c *inward) unread(b []byte) { c.first = slices.Concat(b, c.first) }

func (c *inward) Read(b []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(b, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	if c.asking {
		return c.patient.read(b)
	}
	return c.Conn.Read(b)
}

func (c *inward) CloseWrite() error { return closeWrite(c.Conn) }
