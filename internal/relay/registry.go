package relay

import (
	"sync"
	"time"
)

// carried is a client's connection that stands.
type carried interface {
	// cut resets both sides, now. Its goroutines end on their own.
	cut()
	// sweep cuts it if nothing moved for too long. Called by the sweeper alone.
	sweep(now time.Time, idle, halfClosed time.Duration)
	// goesTo is the endpoint that it was given; nil if none was yet, or several are in
	// turn.
	goesTo() *endpoint
}

// registry holds the connections that stand. The zero value is ready to use.
type registry struct {
	mu     sync.Mutex
	all    map[carried]struct{}
	closed bool
	empty  chan struct{} // closed when the last one goes, if anybody waits
}

// add returns false once the registry has been cut.
func (g *registry) add(t carried) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	if g.all == nil {
		g.all = make(map[carried]struct{})
	}
	g.all[t] = struct{}{}
	return true
}

func (g *registry) remove(t carried) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.all, t)
	if len(g.all) == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// gone returns a channel that is closed when none stands.
func (g *registry) gone() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	none := make(chan struct{})
	if len(g.all) == 0 {
		close(none)
		return none
	}
	if g.empty == nil {
		g.empty = none
	}
	return g.empty
}

func (g *registry) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.all)
}

// list returns those that stand now.
func (g *registry) list() []carried {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]carried, 0, len(g.all))
	for t := range g.all {
		all = append(all, t)
	}
	return all
}

// cut ends all of them, refuses new ones, and returns how many it ended.
func (g *registry) cut() int {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	all := g.list()
	for _, t := range all {
		t.cut()
	}
	return len(all)
}
