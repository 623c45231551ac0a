package relay

import (
	"net/netip"
	"time"

	"fairlead.dev/internal/model"
)

// Hooks are told what happens to connections and UDP sessions. Each may be nil.
// They are called on the connection's own goroutine, from many at once, so they
// must be quick, and must not call the relay.
type Hooks struct {
	// Opened: a client is connected to an endpoint.
	Opened func(key model.Key, port model.Port, endpoint netip.AddrPort)
	// Closed follows each Opened once.
	Closed func(key model.Key, port model.Port, endpoint netip.AddrPort, t Traffic)
	// ConnectFailed: an endpoint did not take a connection; the next one is tried.
	ConnectFailed func(key model.Key, port model.Port, endpoint netip.AddrPort, err error)
	// Refused: no endpoint took the connection; the client was reset.
	Refused func(key model.Key, port model.Port)
	// Overflowed: a client was reset, since the service has as many as its gateway's
	// maxConnections.
	Overflowed func(key model.Key, port model.Port)
	// ClientFailed: a client did not come to terms with the relay: a TLS handshake
	// failed, say. The error is for a person.
	ClientFailed func(key model.Key, port model.Port, err error)
	// AcceptFailed: the kernel could not hand over a client, because files ran
	// out, say. The listener backs off and tries again.
	AcceptFailed func(key model.Key, port model.Port, err error)
}

// Traffic is what a connection or session carried.
type Traffic struct {
	// In is bytes from the client, Out is bytes to it.
	In, Out int64
	// Took is how long it was open.
	Took time.Duration
}

func (h *Hooks) opened(rt *route, to netip.AddrPort) {
	rt.stats.open.Add(1)
	rt.stats.total.Add(1)
	if h.Opened != nil {
		h.Opened(rt.key, rt.port, to)
	}
}

func (h *Hooks) closed(rt *route, to netip.AddrPort, t Traffic) {
	rt.stats.open.Add(-1)
	rt.stats.in.Add(t.In)
	rt.stats.out.Add(t.Out)
	if h.Closed != nil {
		h.Closed(rt.key, rt.port, to, t)
	}
}

func (h *Hooks) connectFailed(rt *route, to netip.AddrPort, err error) {
	rt.stats.connectFailed.Add(1)
	if h.ConnectFailed != nil {
		h.ConnectFailed(rt.key, rt.port, to, err)
	}
}

func (h *Hooks) refused(rt *route) {
	rt.stats.refused.Add(1)
	if h.Refused != nil {
		h.Refused(rt.key, rt.port)
	}
}

func (h *Hooks) acceptFailed(rt *route, err error) {
	if h.AcceptFailed != nil {
		h.AcceptFailed(rt.key, rt.port, err)
	}
}

func (h *Hooks) overflowed(rt *route) {
	rt.stats.refused.Add(1)
	if h.Overflowed != nil {
		h.Overflowed(rt.key, rt.port)
	}
}

func (h *Hooks) clientFailed(rt *route, err error) {
	if h.ClientFailed != nil {
		h.ClientFailed(rt.key, rt.port, err)
	}
}
