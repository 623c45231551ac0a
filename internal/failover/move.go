package failover

import (
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// move writes down that the service has moved, if it has.
func (c *chooser) move(to *group, why reason) {
	before, d := &c.in.State, c.d
	d.ActiveSince, d.History = before.Since, before.History
	if why.reason == ReasonPinned {
		d.State.Pinned = c.in.Service.Pin.Target
	}
	switch {
	case !before.Decided:
	case before.Pinned != d.State.Pinned:
		if d.State.Pinned == "" {
			why = reason{reason: ReasonUnpinned, message: before.Pinned + " is no longer pinned"}
		}
	case before.Priority == to.priority && (c.in.Service.Type != model.ExternalName || slices.Equal(before.Active, d.Active)):
		if len(before.Left) == 0 {
			return
		}
		why = c.untold(why)
	case c.present() == nil:
		why = reason{reason: ReasonEdited, message: "the targets before are gone from the spec"}
	}
	d.ActiveSince = c.in.Now
	if !watched(&c.in.Service) && before.Pinned == d.State.Pinned && !(len(before.Left) > 0 && before.Pinned != "") {
		return // nothing moves but by an edit, and that is no history
	}
	t := model.Transition{
		At: c.in.Now, To: d.Active, ToPriority: to.priority, Reason: why.reason, Message: why.message, Took: why.took,
	}
	if before.Decided {
		t.From, t.FromPriority = before.Active, before.Priority
	}
	if len(before.Left) > 0 {
		t.From, t.FromPriority = before.Left, before.LeftPriority
	}
	kept := before.History[:min(len(before.History), model.MaxHistory-1)]
	d.History = append([]model.Transition{t}, kept...)
}

// untold is why the service has moved, where the process that moved it has told nobody.
func (c *chooser) untold(why reason) reason {
	if why.reason == ReasonPinned {
		return why
	}
	return reason{reason: ReasonRestarted, message: "it had moved already when this process began, and the one before ended before it had told why"}
}

// remember sets what the next decision has to know of this one.
func remember(in Input, d *model.Decision, places []*place, held []model.Former) {
	s := &d.State
	s.History = d.History
	if len(d.Active) == 0 {
		held := s.UpSince
		*s = in.State
		s.UpSince = held
		return
	}
	s.Decided, s.Priority, s.Active, s.Since = true, d.Priority, d.Active, d.ActiveSince
	s.Former = held
	s.Ready = ready(d.Endpoints) // also without a probe: one may be added
	srv := slices.ContainsFunc(in.Service.Targets, func(t model.Target) bool { return t.SRV != "" })
	if !watched(&in.Service) && in.Service.Resolution.Retain <= 0 && !srv {
		return
	}
	s.Given = map[string][]model.Given{}
	for _, p := range places {
		if len(p.given) > 0 {
			s.Given[p.key()] = p.given
		}
	}
}

// ready is whether each endpoint takes traffic, as [model.State] has it.
func ready(endpoints []model.Endpoint) map[netip.AddrPort]bool {
	all := make(map[netip.AddrPort]bool, 2*len(endpoints))
	for i := range endpoints {
		e := &endpoints[i]
		for _, at := range []netip.AddrPort{at(e), netip.AddrPortFrom(e.Addr, 0)} {
			all[at] = all[at] || e.Ready
		}
	}
	return all
}

// at is an endpoint's address and first port.
func at(e *model.Endpoint) netip.AddrPort {
	if len(e.Ports) == 0 {
		return netip.AddrPortFrom(e.Addr, 0)
	}
	return netip.AddrPortFrom(e.Addr, e.Ports[0].Port)
}

// was reports whether an endpoint took traffic before, and whether it was published.
// One whose port was edited is the one that it was.
func was(s *model.State, e *model.Endpoint) (ready, published bool) {
	if ready, published = s.Ready[at(e)]; published {
		return ready, true
	}
	ready, published = s.Ready[netip.AddrPortFrom(e.Addr, 0)]
	return ready, published
}

// urge has the one of two endpoints probed at once that leaves it open whether the
// first outlives the other.
func urge(d *model.Decision, up, down *candidate) {
	switch {
	case up.verdict() != model.Up:
	case up.health.SuccessAt.Before(down.health.FailingSince):
		urgeOne(d, up.check, down.health.FailingSince)
	case down.health.FailedAt.Before(up.health.SucceedingSince):
		urgeOne(d, down.check, up.health.SucceedingSince)
	}
}

// urgeOne has an endpoint probed at once, unless that was done since.
func urgeOne(d *model.Decision, c model.Check, since time.Time) {
	if c.Addr.Port() == 0 {
		return
	}
	if d.Urgent == nil {
		d.Urgent = map[model.Check]time.Time{}
	}
	if since.After(d.Urgent[c]) {
		d.Urgent[c] = since
	}
}
