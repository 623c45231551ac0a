package relay

import "sync"

// registry holds the tunnels that stand. The zero value is ready to use.
type registry struct {
	mu     sync.Mutex
	all    map[*tunnel]struct{}
	closed bool
	empty  chan struct{} // closed when the last one goes, if anybody waits
}

// add returns false once the registry has been cut.
func (g *registry) add(t *tunnel) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	if g.all == nil {
		g.all = make(map[*tunnel]struct{})
	}
	g.all[t] = struct{}{}
	return true
}

func (g *registry) remove(t *tunnel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.all, t)
	if len(g.all) == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// gone returns a channel that is closed when no tunnel stands.
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

// list returns the tunnels that stand now.
func (g *registry) list() []*tunnel {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*tunnel, 0, len(g.all))
	for t := range g.all {
		all = append(all, t)
	}
	return all
}

// cut ends all tunnels, refuses new ones, and returns how many it ended.
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
