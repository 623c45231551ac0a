package standin

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
)

// connections are a server's open ones.
type connections struct {
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

// add keeps the connection, unless all are closed already.
func (c *connections) add(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.open[conn] = struct{}{}
	return true
}

func (c *connections) drop(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
	conn.Close()
}

func (c *connections) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		conn.Close()
	}
}

// serveDatabase answers every line with which database this is. It says nothing
// unasked, so that a program that asks one thing reads one answer.
func (o *Outside) serveDatabase(l net.Listener, p Place) {
	conns := &connections{open: map[net.Conn]struct{}{}}
	o.closers = append(o.closers, func() error {
		err := l.Close()
		conns.closeAll()
		return err
	})
	o.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue // the client has gone again
			}
			if !conns.add(conn) {
				conn.Close()
				continue
			}
			o.wg.Go(func() {
				defer conns.drop(conn)
				answerLines(conn, p)
			})
		}
	})
}

// answerLines serves one connection until its client ends it, or says \q.
func answerLines(conn net.Conn, p Place) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == `\q` {
			return
		}
		if _, err := fmt.Fprintf(conn, "%s at %s\n", p.Name, p.Addr); err != nil {
			return
		}
	}
}
