package engine

import (
	"fmt"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// simStory is what happened in a simulation, for a person to read.
type simStory struct {
	lines []string
	last  time.Duration
}

func (st *simStory) tell(at time.Duration, what string) {
	st.lines = append(st.lines, fmt.Sprintf("%12s  %s", at.Round(time.Millisecond/10), what))
	st.last = at
}

// words are a decision in a line: active targets, then endpoints, with a "!" where they
// take no traffic.
func words(d *model.Decision) string {
	s := fmt.Sprintf("priority %d %s publishes %s", d.Priority, d.Active, endpointWords(d.Endpoints))
	if d.External != nil {
		s += d.External.Name
	}
	for _, c := range d.Conditions {
		if !c.Status {
			s += fmt.Sprintf("; not %s: %s: %s", c.Type, c.Reason, c.Message)
		}
	}
	return s
}

func endpointWords(all []model.Endpoint) string {
	if len(all) == 0 {
		return "nothing "
	}
	var b strings.Builder
	for _, e := range all {
		if !e.Ready {
			b.WriteByte('!')
		}
		fmt.Fprintf(&b, "%s ", e.Addr)
	}
	return b.String()
}

// serviceWords are what a person wants, in a line.
func serviceWords(svc *model.Service) string {
	s := fmt.Sprintf("%s generation %d: %s", svc.Key.Name, svc.Origin.Generation, svc.Type)
	for i := range svc.Targets {
		t := &svc.Targets[i]
		s += fmt.Sprintf(" [%d %s: %s%s %v]", t.Priority, t.Name, t.Hostname, t.SRV, t.Addresses)
	}
	if p := svc.Probe; p != nil {
		s += fmt.Sprintf(" %s%s every %s timeout %s, %d down %d up,", p.Kind, p.Role, p.Interval, p.Timeout, p.FailureThreshold, p.SuccessThreshold)
	}
	f, r := svc.Failover, svc.Resolution
	s += fmt.Sprintf(" manual %t delay %s withdraw %t min %d, DNS %s-%s grace %s retain %s",
		f.ManualFailback, f.FailbackDelay, f.Withdraw, f.MinimumReady, r.MinInterval, r.MaxInterval, r.MissingGrace, r.Retain)
	if svc.Pin != nil {
		s += " pinned to " + svc.Pin.Target
	}
	return s
}

// tellWorld tells what there is when a simulation begins.
func (s *sim) tellWorld() {
	if s.story == nil {
		return
	}
	for _, n := range s.world.names {
		s.tell("name %s: %s %s %v ttl %s, %d at a time", n.name, n.a, n.aaaa, n.hosts, n.ttl, n.window)
	}
	for _, h := range s.world.hosts {
		if h.primary {
			s.tell("host %s is a primary", h.addr)
		}
	}
	for _, w := range s.wishes {
		s.tell("%s", serviceWords(&w.service))
	}
	s.tell("one machine: %t", s.plan.local)
}

// tellAnswer tells of an answer that is not like the last.
func (l *ledger) tellAnswer(a *simAnswer, o *model.Observation) {
	same := a.heard && a.class == o.Class && (o.Class != model.Answered || fmt.Sprint(a.addrs, a.hosts) == fmt.Sprint(o.Addrs, o.Hosts))
	if l.sim.story == nil || same {
		return
	}
	l.sim.tell("DNS: %s %s %s %s %v", o.Question.Name, o.Question.Type, o.Class, o.Addrs, o.Hosts)
}
