package render

import (
	"fmt"
	"net/netip"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// The bounds of the CustomResourceDefinition. An object has to fit into etcd, so
// that a service has room for so many addresses over all its targets, and for so
// many messages beside them.
const (
	maxAddresses = 4096
	maxPerTarget = 1024
	maxMessages  = 512
	maxWords     = 256
)

// listing lists the addresses of targets, one target after the other.
type listing struct {
	// published is whether each published address is ready.
	published map[place]bool
	addresses int
	messages  int
}

// place is an address of a target.
type place struct {
	target string
	addr   netip.Addr
}

func newListing(endpoints []model.Endpoint) *listing {
	l := &listing{published: make(map[place]bool, len(endpoints)), addresses: maxAddresses, messages: maxMessages}
	for i := range endpoints {
		e := &endpoints[i]
		p := place{e.Target, e.Addr}
		was, twice := l.published[p]
		l.published[p] = e.Ready && (was || !twice)
	}
	return l
}

// target is what is known about one target, with as many addresses as there is
// room for.
func (l *listing) target(t *model.TargetStatus) v1alpha1.TargetStatus {
	out := v1alpha1.TargetStatus{Name: t.Name, Priority: int32(t.Priority), Reason: t.Reason, Message: cut(t.Message)}
	checks := make(map[netip.Addr]*model.CheckStatus, len(t.Checks))
	for i := range t.Checks {
		c := &t.Checks[i]
		if other := checks[c.Addr.Addr()]; other == nil || other.Verdict == model.Up {
			checks[c.Addr.Addr()] = c // of several ports the one that is worse off
		}
	}
	shown := t.Addresses[:min(len(t.Addresses), l.addresses, maxPerTarget)]
	l.addresses -= len(shown)
	for _, a := range shown {
		out.Addresses = append(out.Addresses, l.address(place{t.Name, a}, checks[a]))
	}
	if left := len(t.Addresses) - len(shown); left > 0 {
		out.Message = cut(fmt.Sprintf("%s; %d more addresses", t.Message, left))
	}
	return out
}

// address is one of them, with what its probe says. Where nothing watches an
// address that is not published, it counts as up.
func (l *listing) address(p place, c *model.CheckStatus) v1alpha1.AddressStatus {
	ready, published := l.published[p]
	out := v1alpha1.AddressStatus{IP: p.addr.String(), Ready: ready || !published}
	if c == nil {
		return out
	}
	if !published {
		out.Ready = c.Verdict == model.Up
	}
	out.Reason = c.Reason
	if c.Verdict == model.Unjudged && out.Reason == "" {
		out.Reason = v1alpha1.ReasonUnjudged
	}
	if c.Message != "" && l.messages > 0 {
		l.messages--
		out.Message = cutTo(c.Message, maxWords)
	}
	return out
}
