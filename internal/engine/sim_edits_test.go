package engine

import (
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// edit has a person change a service.
func (s *sim) edit(f simFault) {
	w := s.someWish(f.a)
	svc := w.service
	svc.Targets = slices.Clone(svc.Targets)
	n := f.b
	switch f.kind {
	case "pin":
		svc.Pin = &model.Pin{Target: svc.Targets[n%len(svc.Targets)].Name, By: "somebody"}
	case "unpin":
		svc.Pin = nil
	case "delete":
		s.remove(w, f)
		return
	case "reprobe":
		s.reprobe(&svc, n)
	case "turn":
		svc.SessionAffinity += time.Minute
	default:
		s.respec(&svc, n)
	}
	svc.Origin.Generation++
	w.service, w.edited = svc, s.at
	s.tell("edited: %s", serviceWords(&svc))
	s.tellEngine(w)
}

// tellEngine has the process know what is wanted of a service now.
func (s *sim) tellEngine(w *simWish) {
	if s.process == nil {
		return
	}
	s.process.apply(w)
	s.ledger.edits = true
}

// remove deletes a service, and creates it anew later.
func (s *sim) remove(w *simWish, f simFault) {
	if !w.exists {
		return
	}
	w.exists, w.edited = false, s.at
	s.tellEngine(w)
	s.plan1(f.lasts, func() {
		w.exists, w.edited = true, s.at
		s.tell("%s is created anew", w.service.Key.Name)
		s.tellEngine(w)
	})
}

func (s *sim) reprobe(svc *model.Service, n int) {
	if svc.Probe == nil {
		return
	}
	p := *svc.Probe
	switch n % 4 {
	case 0:
		p.FailureThreshold = 1 + n/4%4
	case 1:
		p.SuccessThreshold = 1 + n/4%4
	case 2:
		p.Interval = s.plan.unit * time.Duration(1+n/4%3)
		p.Timeout = min(p.Timeout, p.Interval)
	case 3:
		p.Timeout = max(100*time.Millisecond, p.Interval/time.Duration(1+n/4%3))
	}
	svc.Probe = &p
}

// respec changes what a service is.
func (s *sim) respec(svc *model.Service, n int) {
	more := n / 16
	t := &svc.Targets[more%len(svc.Targets)]
	switch n % 10 {
	case 0:
		s.reprobe(svc, more)
	case 1:
		f := &svc.Failover
		f.ManualFailback, f.Withdraw, f.MinimumReady = more%3 == 0, more%5 == 0, 1+more/16%2
		f.FailbackDelay = time.Duration(more%8) * s.plan.unit
	case 2:
		svc.Resolution.Retain = time.Duration(more%3*5) * s.plan.unit
		svc.Resolution.MissingGrace = time.Duration(more%4*3) * s.plan.unit
		svc.Resolution.MinInterval = max(time.Second*time.Duration(1+more%3), s.plan.unit/10)
	case 3, 4:
		if t.Hostname != "" && len(s.world.names) > 0 {
			if to := s.world.names[more/8%len(s.world.names)]; len(to.hosts) == 0 {
				t.Hostname = to.name
			}
		}
	case 5:
		if svc.Probe != nil { // tiers change places
			last := svc.Targets[len(svc.Targets)-1].Priority
			for i := range svc.Targets {
				svc.Targets[i].Priority = last - svc.Targets[i].Priority
			}
		}
	case 6:
		if len(svc.Targets) > 1 {
			svc.Targets = slices.Delete(svc.Targets, more%len(svc.Targets), more%len(svc.Targets)+1)
		}
	case 7:
		s.addTarget(svc, more)
	case 8:
		svc.Ports = slices.Clone(svc.Ports)
		svc.Ports[0].TargetPort = uint16(5432 + more%2)
	case 9:
		if len(t.Addresses) > 0 {
			t.Addresses = append(slices.Clone(t.Addresses[1:]), s.plan.spare[more/8%len(s.plan.spare)])
		}
	}
}

func (s *sim) addTarget(svc *model.Service, n int) {
	t := model.Target{Name: string(rune('a' + n%12)), Priority: n % 3}
	if svc.Probe == nil {
		t.Priority = svc.Targets[0].Priority // several tiers without a probe are refused
	}
	if slices.ContainsFunc(svc.Targets, func(o model.Target) bool { return o.Name == t.Name }) {
		return
	}
	if name := s.world.names; svc.Type == model.ExternalName || n/16%2 == 0 {
		if len(name) == 0 || len(name[n/32%len(name)].hosts) > 0 {
			return
		}
		t.Hostname = name[n/32%len(name)].name
	} else {
		t.Addresses = append(t.Addresses, s.plan.spare[n/32%len(s.plan.spare)])
	}
	svc.Targets = append(svc.Targets, t)
}
