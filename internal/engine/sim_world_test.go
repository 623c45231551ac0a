package engine

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// simWorld is what stands outside: DNS servers with their records, and hosts.
type simWorld struct {
	random *rand.Rand
	names  []*simName
	hosts  []*simHost
	// cut says that the prober has lost its network, with all that it asks; mute that
	// the DNS servers have. Clients are well.
	cut, mute bool
	// blind says that the prober has no means to ask: no ports are left, say.
	blind bool
	// cutEnded is when it was cut or blind last.
	cutEnded time.Duration
}

// simName is a name of the outside DNS.
type simName struct {
	name string
	// a and aaaa are its addresses, hosts its SRV records.
	a, aaaa []netip.Addr
	hosts   []model.Host
	ttl     time.Duration
	// fault is what its servers answer instead; empty for nothing. only has them do so
	// for one type of record.
	fault model.Class
	only  model.RecordType
	// slow is how long an answer takes in addition.
	slow time.Duration
	// window is how many of its addresses one answer has, in rotation; 0 is all.
	window, turn int
	// changed is when its answers did last, other than by rotation.
	changed time.Duration
}

// hostMode is what a host does with connections.
type hostMode string

const (
	hostUp      hostMode = "up"
	hostRefuses hostMode = "refuses"
	hostHangs   hostMode = "hangs"
	hostSlow    hostMode = "is slow"
	hostFlaps   hostMode = "flaps"
	hostStarts  hostMode = "starts"
	// hostStrange is a foreign one that has taken the address over.
	hostStrange hostMode = "is somebody else"
)

// simHost is a machine with an address.
type simHost struct {
	addr netip.Addr
	mode hostMode
	// primary is whether it takes writes, for those that ask.
	primary bool
	// every is how long it stays up, and then down, while it flaps.
	every time.Duration
	// changed is when it did last.
	changed time.Duration
}

// simLookupTimeout is when the resolver gives up: that of package resolve.
const simLookupTimeout = 4 * time.Second

func (w *simWorld) name(name string) *simName {
	at := slices.IndexFunc(w.names, func(n *simName) bool { return n.name == name })
	if at < 0 {
		return nil
	}
	return w.names[at]
}

func (w *simWorld) host(a netip.Addr) *simHost {
	at := slices.IndexFunc(w.hosts, func(h *simHost) bool { return h.addr == a })
	if at < 0 {
		return nil
	}
	return w.hosts[at]
}

// latency is that of a network.
func (w *simWorld) latency() time.Duration {
	return time.Millisecond + time.Duration(w.random.Int64N(int64(20*time.Millisecond)))
}

// lookup is what DNS says to a question that is asked now, and how long it takes.
func (w *simWorld) lookup(q model.Question) (model.Observation, time.Duration) {
	o, took := model.Observation{Question: q}, w.latency()
	n := w.name(q.Name)
	switch {
	case w.cut || w.mute:
		o.Class = model.Timeout
	case n == nil:
		o.Class = model.NotFound
	case n.fault != "" && (n.only == "" || n.only == q.Type):
		o.Class = n.fault
	case q.Type == model.A:
		o.Addrs = n.some(n.a)
	case q.Type == model.AAAA:
		o.Addrs = slices.Clone(n.aaaa)
	case q.Type == model.SRV:
		o.Hosts = slices.Clone(n.hosts)
	}
	if n != nil {
		took += n.slow
	}
	if took >= simLookupTimeout {
		o.Class, o.Addrs, o.Hosts = model.Timeout, nil, nil
	}
	switch {
	case o.Class == model.Timeout:
		took = simLookupTimeout
	case o.Class != "":
	case len(o.Addrs)+len(o.Hosts) > 0:
		o.Class = model.Answered
	default:
		o.Class = model.Empty
	}
	if o.Class != model.Answered {
		o.Detail = "the server says " + string(o.Class)
	}
	if n != nil && !o.Class.Failed() {
		o.TTL = n.ttl
	}
	return o, took
}

// some are the addresses of one answer.
func (n *simName) some(all []netip.Addr) []netip.Addr {
	if n.window == 0 || len(all) <= n.window {
		return slices.Clone(all)
	}
	var out []netip.Addr
	for i := range n.window {
		out = append(out, all[(n.turn+i)%len(all)])
	}
	n.turn += n.window
	return out
}

// probe is what an endpoint says to a probe that begins now, and how long it takes.
func (w *simWorld) probe(now time.Duration, p *model.Probe, c model.Check) (model.Result, time.Duration) {
	r, took := model.Result{Check: c}, w.latency()
	h := w.host(c.Addr.Addr())
	fail := func(reason string, certain bool) {
		r.Reason, r.Certain, r.Detail = reason, certain, fmt.Sprintf("%s says %s", c.Addr, reason)
	}
	switch {
	case w.blind:
		fail(model.ProbeNotAsked, false)
		r.Inconclusive = true
		return r, took
	case w.cut || h == nil || h.mode == hostHangs:
		took = p.Timeout
	case h.mode == hostSlow:
		took += p.Timeout * 3 / 4
		r.Up = true
	case h.mode == hostRefuses, h.mode == hostFlaps && !h.upAt(now):
		fail(model.ProbeRefused, false)
	case h.mode == hostStarts:
		fail(model.ProbeNotServing, false)
	case h.mode == hostStrange && p.Kind != model.ProbeTCP:
		fail(model.ProbeProtocol, false)
	case p.Role == model.RolePrimary && !h.primary:
		fail(model.ProbeNotPrimary, true)
	case p.Role == model.RoleReplica && h.primary:
		fail(model.ProbeNotReplica, true)
	default:
		r.Up = true
	}
	if took >= p.Timeout {
		took, r.Up = p.Timeout, false
		fail(model.ProbeTimeout, false)
	}
	return r, took
}

func (h *simHost) upAt(now time.Duration) bool { return now/h.every%2 == 0 }

// serves reports whether a host does what a service wants of it, and whether that can
// be said at all: not of one that flaps or is nearly too slow.
func (h *simHost) serves(p *model.Probe) (serves, steady bool) {
	if h == nil {
		return false, true
	}
	switch h.mode {
	case hostFlaps, hostSlow:
		return false, false
	case hostUp:
		return p.Role == model.AnyRole || h.primary == (p.Role == model.RolePrimary), true
	case hostStrange:
		return p.Kind == model.ProbeTCP, true
	}
	return false, true
}
