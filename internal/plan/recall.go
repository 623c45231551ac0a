package plan

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// learn keeps what the instance knows of the names of a service's targets.
func (w *World) learn(p wire.Published) {
	for _, t := range p.Service.Targets {
		at := slices.IndexFunc(p.Decision.Targets, func(s wire.TargetStatus) bool { return s.Name == t.Name })
		if at < 0 {
			continue
		}
		s := p.Decision.Targets[at]
		switch {
		case t.Hostname != "":
			w.learnName(t.Hostname, s)
		case t.SRV != "":
			w.learnSRV(t, s, p.Decision.Endpoints)
		}
	}
}

// learnName keeps the addresses of a name.
func (w *World) learnName(name string, s wire.TargetStatus) {
	for _, typ := range []model.RecordType{model.A, model.AAAA} {
		q := model.Question{Name: normal(name), Type: typ}
		var addrs []netip.Addr
		for _, a := range s.Addresses {
			if a.Unmap().Is4() == (typ == model.A) {
				addrs = append(addrs, a)
			}
		}
		w.know(q, s, addrs)
	}
}

// know keeps one answer. That a name has addresses is never forgotten for another
// service that does not know of any.
func (w *World) know(q model.Question, s wire.TargetStatus, addrs []netip.Addr) {
	a := model.Answer{Last: model.Observation{Question: q, At: w.now, Class: model.Answered, Addrs: addrs}}
	switch {
	case len(addrs) > 0:
		a.Good = a.Last
		a.Good.At = s.ResolvedAt
		if a.Good.At.IsZero() {
			a.Good.At = w.now
		}
	case len(w.answers[q].Good.Addrs) > 0, s.Reason == failover.ReasonPending, s.Reason == failover.ReasonStandby && len(s.Addresses) == 0:
		return
	case len(s.Addresses) > 0 || s.Reason == failover.ReasonNoAddresses:
		a.Last.Class = model.Empty
	case s.Reason == failover.ReasonNotFound:
		a.Last.Class = model.NotFound
	default:
		a.Last.Class, a.Last.Detail = model.Timeout, s.Message
	}
	if s.Reason == failover.ReasonLookupFailed && len(addrs) > 0 {
		a.Last = model.Observation{Question: q, At: w.now, Class: model.Timeout, Detail: "the lookup failed"}
	}
	w.answers[q] = a
}

// learnSRV keeps hosts at the addresses of an SRV name. Their own names are not
// public, and do not matter: each address gets one.
func (w *World) learnSRV(t wire.Target, s wire.TargetStatus, endpoints []wire.Endpoint) {
	q := model.Question{Name: normal(t.SRV), Type: model.SRV}
	if len(s.Addresses) == 0 {
		w.know(q, s, nil)
		return
	}
	o := model.Observation{Question: q, At: w.now, Class: model.Answered}
	for _, at := range places(t, s, endpoints) {
		host := strings.NewReplacer(":", "-", "[", "", "]", "").Replace(at.String()) + "." + q.Name
		o.Hosts = append(o.Hosts, model.Host{Name: host, Port: at.Port()})
		w.learnName(host, wire.TargetStatus{Addresses: []netip.Addr{at.Addr()}, ResolvedAt: s.ResolvedAt})
	}
	w.answers[q] = model.Answer{Good: o, Last: o}
}

// places are the addresses of a target with the ports that they serve, as far as
// these are known: where it is published, else where it is probed.
func places(t wire.Target, s wire.TargetStatus, endpoints []wire.Endpoint) []netip.AddrPort {
	var all []netip.AddrPort
	for _, e := range endpoints {
		if e.Target == t.Name && len(e.Ports) > 0 {
			all = append(all, netip.AddrPortFrom(e.IP, e.Ports[0].Port))
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, c := range s.Checks {
		all = append(all, c.Address)
	}
	if len(all) > 0 {
		return all
	}
	for _, a := range s.Addresses {
		all = append(all, netip.AddrPortFrom(a, 0))
	}
	return all
}

func (w *World) answer(q model.Question) (model.Answer, bool) {
	a, ok := w.answers[q]
	return a, ok
}

// recall is a service as the instance has decided it last.
func (w *World) recall(p wire.Published) *story {
	svc := service(p.Service)
	s := &story{world: w, key: svc.Key, health: map[netip.AddrPort]model.Health{}}
	d := p.Decision
	s.in = failover.Input{
		Service: svc, Answer: w.answer, Health: s.healthOf, Now: w.now, Forbidden: w.forbidden, Domain: w.status.Domain,
		State: failover.Recall(&svc, failover.Memory{
			Active: d.Active, Priority: d.Priority, Since: d.ActiveSince, Pinned: d.Pinned, Standing: each(d.Endpoints, endpoint),
		}),
	}
	for _, t := range d.Targets {
		for _, c := range t.Checks {
			s.judge(c)
		}
	}
	if s.in.State.Decided && svc.Probe != nil {
		s.in.State.UpSince = upSince(svc, d.Targets)
	}
	return s
}

// judge keeps what is held of an endpoint. Of two names with one address, what is
// worse counts.
func (s *story) judge(c wire.Check) {
	h := model.Health{Since: c.Since}
	switch c.Verdict {
	case wire.Up:
		h.Verdict, h.Successes, h.SuccessAt, h.Warning = model.Up, 1, s.in.Now, c.Message
	case wire.Down:
		h.Verdict, h.Failures, h.FailingSince, h.FailedAt = model.Down, 1, c.Since, s.in.Now
		h.Reason, h.Detail = c.Reason, c.Message
		h.Certain = c.Reason == model.ProbeNotPrimary || c.Reason == model.ProbeNotReplica
	}
	if old, twice := s.health[c.Address]; !twice || old.Verdict != model.Down {
		s.health[c.Address] = h
	}
}

func (s *story) healthOf(c model.Check) model.Health { return s.health[c.Addr] }

// upSince is since when each tier has had enough endpoints that are up, as far as
// can be told from those that still are.
func upSince(svc model.Service, targets []wire.TargetStatus) map[int]time.Time {
	byTier := map[int][]time.Time{}
	for _, t := range targets {
		for _, c := range t.Checks {
			if c.Verdict == wire.Up {
				byTier[t.Priority] = append(byTier[t.Priority], c.Since)
			}
		}
	}
	since := map[int]time.Time{}
	need := max(1, svc.Failover.MinimumReady)
	for priority, all := range byTier {
		if len(all) >= need {
			slices.SortFunc(all, time.Time.Compare)
			since[priority] = all[need-1]
		}
	}
	return since
}

func normal(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
