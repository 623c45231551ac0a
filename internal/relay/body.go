package relay

import (
	"errors"
	"io"
	"sync"
)

// guarded is the body of a request, which may have to go to another endpoint: asking
// one does not close it, unless that one had some of it, or has answered.
type guarded struct {
	io.ReadCloser
	ends bool // closing it is possible at any time
	mu   sync.Mutex
	read bool
	err  error
	// bound says that it goes nowhere else, closed that nobody reads it any more.
	bound, closed bool
}

func (g *guarded) Read(b []byte) (int, error) {
	n, err := g.ReadCloser.Read(b)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.read = g.read || n > 0 || err != nil
	if err != nil && !errors.Is(err, io.EOF) {
		g.err = err
	}
	return n, err
}

func (g *guarded) Close() error {
	g.mu.Lock()
	g.closed = true
	over := g.ends && (g.read || g.bound)
	g.mu.Unlock()
	if !over {
		return nil
	}
	return g.ReadCloser.Close()
}

// offer has the body ready for the next endpoint, after one that had none of it.
func (g *guarded) offer() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = false
}

// answered binds the body to the endpoint that has answered.
func (g *guarded) answered() {
	g.mu.Lock()
	g.bound = true
	over := g.ends && g.closed
	g.mu.Unlock()
	if over {
		_ = g.ReadCloser.Close()
	}
}

// touched reports whether anything of it was read.
func (g *guarded) touched() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.read
}

// failed reports whether it was the client that broke.
func (g *guarded) failed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err != nil
}

// untilClosed calls done once when the body of an answer is closed. That of a protocol
// that was switched to can be written to.
func untilClosed(body io.ReadCloser, done func()) io.ReadCloser {
	e := &ending{ReadCloser: body, done: sync.OnceFunc(done)}
	if w, ok := body.(io.Writer); ok {
		return &struct {
			*ending
			io.Writer
		}{e, w}
	}
	return e
}

type ending struct {
	io.ReadCloser
	done func()
}

func (e *ending) Close() error {
	e.done()
	return e.ReadCloser.Close()
}
