//go:build linux

package cluster

import (
	"errors"
	"io"
	"net"
	"sync"
)

// together runs the steps side by side and returns all that went wrong.
func together(steps ...func() error) error {
	errs := make([]error, len(steps))
	var group sync.WaitGroup
	for i, step := range steps {
		group.Go(func() { errs[i] = step() })
	}
	group.Wait()
	return errors.Join(errs...)
}

// relay passes every connection on, until the listener is closed.
func relay(l net.Listener, dial func() (net.Conn, error)) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			server, err := dial()
			if err != nil {
				return // the client sees that the API server is not there
			}
			defer server.Close()
			go pass(server, client)
			pass(client, server)
		}()
	}
}

// pass copies until the source ends, and says so to the destination.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from) // either end may go at any time
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
