package relay

import (
	"net/netip"
	"sync"
	"time"
)

// affinity remembers which endpoint each client address of one listener goes to.
// It is bounded by max.
type affinity struct {
	max int

	mu      sync.Mutex
	clients map[netip.Addr]stick
}

type stick struct {
	to   place
	last time.Time // the client's last connection
}

// prefer moves the client's endpoint to the front of order, unless it is held or
// gone or the client was away for longer than timeout, and otherwise makes the
// first of order its endpoint. Connections that come at once agree.
func (a *affinity) prefer(client netip.Addr, order []*endpoint, now time.Time, timeout time.Duration) []*endpoint {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, known := a.clients[client]; known && now.Sub(s.last) <= timeout {
		for i, e := range order {
			if e.place() == s.to && (i == 0 || e.held.Load() == 0) {
				a.set(client, s.to, now)
				if i > 0 && order[0].held.Load() != 0 {
					// It stands in front to be tried, which is now for another client.
					order[0].held.Store(now.UnixNano())
				}
				return front(order, i)
			}
		}
	}
	a.set(client, order[0].place(), now)
	return order
}

// moved notes that the client ended up elsewhere, because its endpoint failed.
func (a *affinity) moved(client netip.Addr, to place, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set(client, to, now)
}

func (a *affinity) set(client netip.Addr, to place, now time.Time) {
	if a.clients == nil {
		a.clients = make(map[netip.Addr]stick)
	}
	if _, known := a.clients[client]; !known && len(a.clients) >= a.max {
		a.evict()
	}
	a.clients[client] = stick{to, now}
}

// evict forgets the one seen longest ago of a few clients. Map order is random,
// so that is near the oldest of all often enough, and cheap.
func (a *affinity) evict() {
	var oldest netip.Addr
	var at time.Time
	looked := 0
	for client, s := range a.clients {
		if looked == 0 || s.last.Before(at) {
			oldest, at = client, s.last
		}
		if looked++; looked == 8 {
			break
		}
	}
	delete(a.clients, oldest)
}

// sweep forgets the clients that were away for longer than timeout.
func (a *affinity) sweep(now time.Time, timeout time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for client, s := range a.clients {
		if now.Sub(s.last) > timeout {
			delete(a.clients, client)
		}
	}
}

// front returns order with its i-th endpoint first.
func front(order []*endpoint, i int) []*endpoint {
	if i == 0 {
		return order
	}
	moved := make([]*endpoint, 0, len(order))
	moved = append(moved, order[i])
	moved = append(moved, order[:i]...)
	return append(moved, order[i+1:]...)
}
