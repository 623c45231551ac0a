package engine

import (
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// The kinds of faults. Those that are drawn more often stand more often.
var (
	simFaults = []string{
		"host", "host", "host", "tier", "tier", "role", "role", "records", "records", "lie", "flicker", "answer", "answer", "answer",
		"rotation", "ttl", "latency", "mute", "cut", "cut", "blind", "restart", "restart", "restart", "stop", "suspend", "clock", "api", "api",
		"edit", "edit", "edit", "edit", "pin", "pin", "unpin", "delete",
	}
	// simHarmless are those that change nothing which is published.
	simHarmless = []string{"cut", "mute", "blind", "restart", "stop", "suspend", "clock", "api", "latency", "reprobe", "turn"}
)

// strike lets a fault happen.
func (s *sim) strike(f simFault) {
	s.tell("fault: %s", f)
	w := s.world
	switch f.kind {
	case "host":
		s.afflict([]*simHost{w.hosts[f.a%len(w.hosts)]}, f)
	case "tier":
		svc := s.someWish(f.a).service
		t := svc.Targets[f.a/8%len(svc.Targets)]
		var all []*simHost
		for i := range svc.Targets {
			if svc.Targets[i].Priority == t.Priority {
				all = append(all, w.hostsOfTarget(&svc.Targets[i])...)
			}
		}
		s.afflict(all, f)
	case "role":
		s.promote(f)
	case "restart":
		s.restart(f)
	case "stop", "suspend":
		if s.process != nil {
			s.process.stop(f.lasts, f.kind == "suspend")
		}
	case "clock":
		s.clock += (time.Duration(f.a%7) - 3) * time.Duration(f.b%5) * 10 * s.plan.unit
	case "mute":
		w.mute = true
		s.heal(f, func() { w.mute = false })
	case "cut":
		w.cut = true
		s.heal(f, func() { w.cut, w.cutEnded = false, s.at })
	case "blind":
		w.blind = true
		s.heal(f, func() { w.blind, w.cutEnded = false, s.at })
	case "api":
		s.api.recover(s.at) // from the fault before, if that goes on
		s.api.trouble = []apiTrouble{apiAway, apiRefuses, apiConflicts, apiWell}[f.a%4]
		s.api.slow = []time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond}[f.b%3]
		s.heal(f, func() { s.api.recover(s.at) })
	case "edit", "pin", "unpin", "delete", "reprobe", "turn":
		s.edit(f)
	default:
		s.confuse(f)
	}
}

// heal ends a fault, unless all is well since.
func (s *sim) heal(f simFault, undo func()) {
	mended := s.mended
	s.plan1(f.lasts, func() {
		if s.mended == mended {
			s.tell("ends: %s", f)
			undo()
		}
	})
}

func (s *sim) someWish(n int) *simWish { return s.wishes[n%len(s.wishes)] }

// afflict does something to hosts, and undoes it later.
func (s *sim) afflict(all []*simHost, f simFault) {
	modes := []hostMode{hostRefuses, hostHangs, hostHangs, hostSlow, hostFlaps, hostStarts, hostStrange}
	for _, h := range all {
		h.mode, h.changed = modes[f.b%len(modes)], s.at
		h.every = max(50*time.Millisecond, s.plan.unit*time.Duration(1+f.a%6)/2)
		s.tell("%s %s", h.addr, h.mode)
	}
	s.heal(f, func() {
		for _, h := range all {
			h.mode, h.changed = hostUp, s.at
		}
	})
}

// promote makes another host of a service its primary; the old one dies, steps down,
// or goes on as if nothing were.
func (s *sim) promote(f simFault) {
	w := s.world
	all := w.hostsOf(&s.someWish(f.a).service)
	if len(all) == 0 {
		return
	}
	king := all[f.b%len(all)]
	for _, h := range all {
		if h == king || !h.primary {
			continue
		}
		h.changed = s.at
		switch f.a / 8 % 4 {
		case 0:
			h.mode, h.primary = hostHangs, false
		case 1, 2:
			h.primary = false
		}
	}
	king.primary, king.changed = true, s.at
	s.tell("%s is promoted", king.addr)
	s.follow(f, king)
}

// follow has the names of a service lead to its new primary, as managed databases do:
// after a while, and perhaps not once and for all.
func (s *sim) follow(f simFault, king *simHost) {
	svc := s.someWish(f.a).service
	n := s.world.name(svc.Targets[0].Hostname)
	if n == nil || f.b/16%2 == 0 || !king.addr.Is4() {
		return
	}
	before := n.a
	for i, to := range [][]netip.Addr{{king.addr}, before, {king.addr}} {
		if i > 0 && f.b/32%2 == 0 {
			return
		}
		s.heal(simFault{kind: "follow", lasts: f.lasts * time.Duration(i+1) / 4}, func() { s.redirect(n, to) })
	}
}

func (s *sim) redirect(n *simName, to []netip.Addr) {
	n.a, n.changed = to, s.at
	s.tell("%s leads to %s", n.name, to)
}

// restart ends the process, and starts another one later.
func (s *sim) restart(f simFault) {
	if s.process == nil {
		return
	}
	s.process, s.ledger = nil, nil
	s.plan1(f.lasts*time.Duration(f.a%3)/2, func() {
		s.tell("a process starts")
		s.start()
	})
}

// confuse has DNS say something else.
func (s *sim) confuse(f simFault) {
	w := s.world
	if len(w.names) == 0 {
		return
	}
	n := w.names[f.a%len(w.names)]
	classes := []model.Class{model.Timeout, model.ServerFailure, model.Refused, model.Broken, model.NotFound, model.Empty}
	fresh := []netip.Addr{s.plan.spare[f.b%len(s.plan.spare)]}
	before := n.a
	switch f.kind {
	case "answer":
		n.fault, n.changed = classes[f.b%len(classes)], s.at
		n.only = []model.RecordType{"", "", model.A, model.AAAA}[f.b/8%4]
		s.tell("%s answers %s %s", n.name, n.fault, n.only)
		s.heal(f, func() { n.fault, n.only, n.changed = "", "", s.at })
	case "records":
		if len(n.hosts) > 0 {
			h := slices.Clone(n.hosts)
			h[f.b%len(h)].Priority = uint16(f.b / 2 % 3)
			n.hosts, n.changed = h, s.at
			return
		}
		if f.b%2 == 0 {
			fresh = append(fresh, before...)
		}
		s.redirect(n, fresh)
	case "lie":
		lies := [][]netip.Addr{fresh, {netip.MustParseAddr("127.96.0.9")}, {netip.MustParseAddr("169.254.169.254"), fresh[0]}, {netip.MustParseAddr("127.0.0.1")}}
		s.redirect(n, lies[f.b/8%len(lies)])
		s.heal(f, func() { s.redirect(n, before) })
	case "flicker":
		s.redirect(n, fresh)
		s.heal(simFault{kind: "flicker", lasts: f.lasts / 3}, func() { s.redirect(n, before) })
		s.heal(simFault{kind: "flicker", lasts: f.lasts * 2 / 3}, func() { s.redirect(n, fresh) })
	case "rotation":
		n.window, n.changed = f.b%3, s.at
	case "ttl":
		n.ttl = []time.Duration{0, time.Second, s.plan.unit, 1000 * time.Hour}[f.b%4]
	case "latency":
		n.slow = []time.Duration{0, 300 * time.Millisecond, 3 * time.Second, 6 * time.Second}[f.b%4]
		n.changed = s.at
		s.heal(f, func() { n.slow, n.changed = 0, s.at })
	}
}
