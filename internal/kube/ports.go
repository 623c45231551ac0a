package kube

import (
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/internal/model"
)

// The ports on which a gateway's Pods listen: below those that Linux gives to
// connections that go out, above those that need a privilege.
const (
	firstPort = 20000
	lastPort  = 29999
)

// portBook knows which service has which ports of the gateway. What stands in
// EndpointSlices is what it remembers by; a port that is given back is used again as
// late as possible, since a gateway may hear of it late.
type portBook struct {
	now func() time.Time

	mu    sync.Mutex
	owner map[uint16]model.Key
	of    map[model.Key]map[string]allotted // by name and protocol of the service's port
	next  uint16
}

// allotted is a port of the gateway.
type allotted struct {
	port uint16
	// since is when it was; zero for one that stood already.
	since time.Time
}

func newPortBook(now func() time.Time) *portBook {
	return &portBook{now: now, owner: map[uint16]model.Key{}, of: map[model.Key]map[string]allotted{}, next: firstPort}
}

// recall takes what a slice in front of clients says to be so, unless it is known to be
// otherwise.
func (b *portBook) recall(key model.Key, front *discoveryv1.EndpointSlice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range standingPorts(front.Ports) {
		name := p.Name + "/" + string(p.Protocol)
		_, known := b.of[key][name]
		if _, taken := b.owner[p.Port]; known || taken || p.Port < firstPort || p.Port > lastPort {
			continue
		}
		b.note(key, name, allotted{port: p.Port})
	}
}

func (b *portBook) note(key model.Key, name string, a allotted) {
	if b.of[key] == nil {
		b.of[key] = map[string]allotted{}
	}
	b.of[key][name], b.owner[a.port] = a, key
}

// take returns the gateway's ports for those of a service, and when the last of them was
// allotted. There are none left where ok is false.
func (b *portBook) take(key model.Key, ports []model.Port) (all []model.EndpointPort, since time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wanted := map[string]bool{}
	for _, p := range ports {
		name := p.Name + "/" + string(p.Protocol)
		wanted[name] = true
		a, known := b.of[key][name]
		if !known {
			if a.port, ok = b.free(); !ok {
				return nil, since, false
			}
			a.since = b.now()
			b.note(key, name, a)
		}
		if a.since.After(since) {
			since = a.since
		}
		all = append(all, model.EndpointPort{Name: p.Name, Protocol: p.Protocol, Port: a.port})
	}
	for name, a := range b.of[key] {
		if !wanted[name] {
			delete(b.owner, a.port)
			delete(b.of[key], name)
		}
	}
	return all, since, true
}

// free returns the port that was free for longest, as far as that is known.
func (b *portBook) free() (uint16, bool) {
	for range lastPort - firstPort + 1 {
		port := b.next
		if b.next++; b.next > lastPort {
			b.next = firstPort
		}
		if _, taken := b.owner[port]; !taken {
			return port, true
		}
	}
	return 0, false
}

// release gives the ports of a service back.
func (b *portBook) release(key model.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.of[key] {
		delete(b.owner, a.port)
	}
	delete(b.of, key)
}
