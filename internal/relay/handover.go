package relay

import (
	"net"
	"sync"
)

// handover is a listener to which clients are given.
type handover struct {
	addr net.Addr
	next chan net.Conn
	done chan struct{}
	once sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, next: make(chan net.Conn), done: make(chan struct{})}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.next:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

func (h *handover) Addr() net.Addr { return h.addr }

// give hands a client over, and returns false if nobody takes it any more.
func (h *handover) give(c net.Conn) bool {
	select {
	case h.next <- c:
		return true
	case <-h.done:
		return false
	}
}
