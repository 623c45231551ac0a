package plan

import (
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// story is one service from now on.
type story struct {
	world  *World
	key    model.Key
	in     failover.Input
	health map[netip.AddrPort]model.Health
	steps  []Step
	notes  []string
}

// plan returns what makes the plan of the story once it is told.
func (s *story) plan(given string) func() Plan {
	return func() Plan {
		return Plan{Namespace: s.key.Namespace, Name: s.key.Name, If: given, Steps: s.steps, Notes: s.notes}
	}
}

func (s *story) note(text string) {
	if !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

// stay says what every plan that moves something has to say.
func (s *story) stay() {
	if len(s.steps) < 2 {
		return
	}
	if s.in.Service.Type == model.ExternalName {
		s.note("connections that are open stay where they are; clients that look the name up anew move")
		return
	}
	s.note("connections that are open stay where they are; new ones move")
}

// maxSteps bounds a phase, and horizon how far it is looked ahead beyond the times in
// the spec.
const (
	maxSteps = 8
	horizon  = time.Minute
)

// settle decides until nothing changes by itself any more, the first time so long
// after the phase began.
func (s *story) settle(phase Phase, began time.Time, after time.Duration) {
	end := after + s.in.Service.Failover.FailbackDelay + horizon
	for range maxSteps {
		s.in.Now = began.Add(after)
		s.hear()
		next := s.step(phase, after)
		if next.IsZero() || next.Sub(began) > end || !next.After(s.in.Now) {
			return
		}
		after = next.Sub(began)
	}
}

// hear has all endpoints that are up answer just now.
func (s *story) hear() {
	for at, h := range s.health {
		if h.Verdict == model.Up {
			h.SuccessAt = s.in.Now
			s.health[at] = h
		}
	}
}

// fail has endpoints fail their probes until they are down: after so long they are.
func (s *story) fail(lost map[netip.AddrPort]bool, began time.Time, after time.Duration) {
	p := *s.in.Service.Probe
	for at := range lost {
		h := s.health[at]
		for i := range p.FailureThreshold {
			r := model.Result{Began: began.Add(time.Duration(i+1) * p.Interval), Reason: model.ProbeTimeout, Detail: at.String() + " is lost"}
			h = failover.Judge(h, &p, r)
		}
		s.health[at] = h
	}
	s.in.Now = began.Add(after)
}

// mend has endpoints pass their probes until they are up.
func (s *story) mend(lost map[netip.AddrPort]bool, began time.Time, after time.Duration) {
	p := *s.in.Service.Probe
	for at := range lost {
		h := s.health[at]
		for i := range p.SuccessThreshold {
			h = failover.Judge(h, &p, model.Result{Began: began.Add(time.Duration(i+1) * p.Interval), Up: true})
		}
		s.health[at] = h
	}
	s.in.Now = began.Add(after)
}

// step decides at the story's moment, and keeps what is published if that is not what
// was before. It returns when to decide again.
func (s *story) step(phase Phase, after time.Duration) time.Time {
	d := failover.Decide(s.in)
	moved := len(d.History) > 0 && d.History[0].At.Equal(s.in.Now) && (len(s.in.State.History) == 0 || !s.in.State.History[0].At.Equal(s.in.Now))
	s.in.State = d.State
	if d.Settled {
		s.in.Standing = nil
	}
	step := Step{Phase: phase, After: wire.Duration(after), Active: d.Active, Priority: d.Priority}
	for _, e := range d.Endpoints {
		at := hostport(e.Addr, e.Ports)
		if e.Ready {
			step.Ready = append(step.Ready, at)
		} else {
			step.NotReady = append(step.NotReady, at)
		}
	}
	if d.External != nil {
		step.External = d.External.Name
	}
	step.Reason, step.Message = words(d)
	if moved && phase != Now && len(d.History[0].From) > 0 {
		step.Reason, step.Message = d.History[0].Reason, d.History[0].Message
	}
	if last := len(s.steps) - 1; last < 0 || !same(s.steps[last], step) {
		s.steps = append(s.steps, step)
	}
	return d.Next
}

// words are those of the condition that says most: Healthy where there is a probe,
// unless the service is not ready for another reason.
func words(d model.Decision) (reason, message string) {
	ready, _ := d.Condition(model.Ready)
	if healthy, ok := d.Condition(model.Healthy); ok && ready.Status {
		return healthy.Reason, healthy.Message
	}
	return ready.Reason, ready.Message
}

// same reports whether clients would not notice.
func same(a, b Step) bool {
	return a.Priority == b.Priority && a.External == b.External && slices.Equal(a.Active, b.Active) &&
		slices.Equal(a.Ready, b.Ready) && slices.Equal(a.NotReady, b.NotReady)
}
