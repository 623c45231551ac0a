package kube

import (
	"slices"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
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
	// next is where the next free one is looked for; 0 before the first. Highest is of those
	// that stood.
	next, highest uint16
}

// allotted is a port of the gateway.
type allotted struct {
	port uint16
	// since is when it was; zero for one that stood already.
	since time.Time
}

func newPortBook(now func() time.Time) *portBook {
	return &portBook{now: now, owner: map[uint16]model.Key{}, of: map[model.Key]map[string]allotted{}}
}

// recall takes what a slice in front of clients says to be so, unless it is known to be
// otherwise.
func (b *portBook) recall(key model.Key, front *discoveryv1.EndpointSlice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range render.StandingPorts(front.Ports) {
		name := p.Name + "/" + string(p.Protocol)
		_, known := b.of[key][name]
		if _, taken := b.owner[p.Port]; known || taken || p.Port < firstPort || p.Port > lastPort {
			continue
		}
		b.note(key, name, allotted{port: p.Port})
		b.highest = max(b.highest, p.Port)
	}
}

// gap is how far behind what stands a new book begins: what the last controller gave back
// lately was near.
const gap = 500

func after(port uint16) uint16 {
	if port == lastPort {
		return firstPort
	}
	return port + 1
}

func (b *portBook) note(key model.Key, name string, a allotted) {
	if b.of[key] == nil {
		b.of[key] = map[string]allotted{}
	}
	b.of[key][name], b.owner[a.port] = a, key
}

// taken are the gateway's ports for those of a service.
type taken struct {
	// stood were allotted long enough ago, fresh were not; the last of them then.
	stood, fresh []model.EndpointPort
	since        time.Time
}

func (t taken) all() []model.EndpointPort { return slices.Concat(t.stood, t.fresh) }

// take returns the gateway's ports for those of a service; those that were allotted for
// less than young are fresh. There are none left where ok is false.
func (b *portBook) take(key model.Key, ports []model.Port, young time.Duration) (out taken, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wanted := map[string]bool{}
	for _, p := range ports {
		name := p.Name + "/" + string(p.Protocol)
		wanted[name] = true
		a, known := b.of[key][name]
		if !known {
			if a.port, ok = b.free(); !ok {
				return taken{}, false
			}
			a.since = b.now()
			b.note(key, name, a)
		}
		port := model.EndpointPort{Name: p.Name, Protocol: p.Protocol, Port: a.port}
		if b.now().Sub(a.since) >= young {
			out.stood = append(out.stood, port)
			continue
		}
		out.fresh = append(out.fresh, port)
		if a.since.After(out.since) {
			out.since = a.since
		}
	}
	for name, a := range b.of[key] {
		if !wanted[name] {
			delete(b.owner, a.port)
			delete(b.of[key], name)
		}
	}
	return out, true
}

// free returns the port that was free for longest, as far as that is known.
func (b *portBook) free() (uint16, bool) {
	if b.next == 0 {
		b.next = firstPort
		if b.highest > 0 {
			b.next = firstPort + (b.highest+gap-firstPort)%(lastPort-firstPort+1)
		}
	}
	for range lastPort - firstPort + 1 {
		port := b.next
		b.next = after(port)
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
