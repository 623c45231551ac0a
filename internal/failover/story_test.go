package failover_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// story is a service, and what becomes of it. Its targets have one address each.
//
// A line is a time from the beginning, what happens, "->" and what is published:
//
//	10s  a- b+  ->  a (c) b  TierDown
//
// a+ is a probe of a that succeeds, a- one that fails, a! one whose answer is
// certain, a? one that the prober is not able to make. +a has DNS give a's address, -a
// give it no more. pin=a pins a, pin= lets go, port=N edits targetPort, restart forgets
// what no status holds. Published endpoints are in the order of the targets, those that
// are not ready in parentheses. A word in capitals is the reason of the latest
// transition.
type story struct {
	// tiers are the targets of each tier: "a b | c".
	tiers string
	spec  func(*model.Service)
	lines string
}

// teller carries a story out.
type teller struct {
	t       *testing.T
	svc     model.Service
	start   time.Time
	now     time.Time
	state   model.State
	health  map[netip.Addr]model.Health
	answers known
	last    model.Decision
}

func tell(t *testing.T, s story) *teller {
	t.Helper()
	r := &teller{t: t, start: now, now: now, health: map[netip.Addr]model.Health{}, answers: known{}}
	r.svc = input(model.ClusterIP, nil, nil).Service
	r.svc.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 5 * time.Second, Timeout: time.Second, FailureThreshold: 3, SuccessThreshold: 2}
	r.svc.Failover = model.DefaultFailover()
	for priority, tier := range strings.Split(s.tiers, "|") {
		for _, name := range strings.Fields(tier) {
			r.svc.Targets = append(r.svc.Targets, fixed(name, priority, at(name).String()))
		}
	}
	if s.spec != nil {
		s.spec(&r.svc)
	}
	for line := range strings.Lines(s.lines) {
		if line = strings.TrimSpace(line); line != "" {
			r.line(line)
		}
	}
	return r
}

// at is the address of a target: a has 10.0.0.1.
func at(name string) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, name[0] - 'a' + 1}) }

func (r *teller) line(line string) {
	happens, want, ok := strings.Cut(line, "->")
	if !ok {
		r.t.Fatalf("%q says not what is published", line)
	}
	words := strings.Fields(happens)
	after, err := time.ParseDuration(words[0])
	if err != nil {
		r.t.Fatalf("%q: %v", line, err)
	}
	r.now = r.start.Add(after)
	for _, w := range words[1:] {
		r.happens(w)
	}
	r.decide()
	var got []string
	for _, e := range r.last.Endpoints {
		name := string(rune('a' + e.Addr.As4()[3] - 1))
		if !e.Ready {
			name = "(" + name + ")"
		}
		got = append(got, name)
	}
	slices.SortFunc(got, func(a, b string) int { return strings.Compare(strings.Trim(a, "()"), strings.Trim(b, "()")) })
	wanted := strings.Fields(want)
	if n := len(wanted); n > 0 && wanted[n-1] != strings.ToLower(wanted[n-1]) {
		if reason := r.last.History[0].Reason; reason != wanted[n-1] {
			r.t.Errorf("%s\nthe latest transition is %s", line, reason)
		}
		wanted = wanted[:n-1]
	}
	if !slices.Equal(got, wanted) {
		r.t.Errorf("%s\npublished is %v", line, got)
	}
}

func (r *teller) happens(word string) {
	name, verb := word[:1], word[1:]
	switch {
	case word == "restart":
		d := r.last
		r.health = map[netip.Addr]model.Health{}
		r.state = failover.Recall(&r.svc, failover.Memory{
			Active: d.Active, Priority: d.Priority, Since: d.ActiveSince, Pinned: d.State.Pinned, History: d.History, Standing: d.Endpoints,
		})
	case strings.HasPrefix(word, "pin="):
		r.svc.Pin = nil
		if target := word[4:]; target != "" {
			r.svc.Pin = &model.Pin{Target: target, By: "ann", Reason: "a drill"}
		}
	case strings.HasPrefix(word, "port="):
		r.svc.Ports = slices.Clone(r.svc.Ports)
		port, err := strconv.ParseUint(word[5:], 10, 16)
		if err != nil {
			r.t.Fatal(err)
		}
		r.svc.Ports[0].TargetPort = uint16(port)
	case name == "+", name == "-":
		r.dns(name, verb)
	default:
		result := model.Result{Began: r.now, Up: verb == "+", Certain: verb == "!"}
		if verb == "?" {
			result.Inconclusive, result.Reason, result.Detail = true, model.ProbeNotAsked, name+" was not asked"
		} else if !result.Up {
			result.Reason, result.Detail = model.ProbeRefused, "nothing listens there"
		}
		r.health[at(name)] = failover.Judge(r.health[at(name)], r.svc.Probe, result)
	}
}

// dns has the one hostname of the service give an address, or no more.
func (r *teller) dns(verb, name string) {
	a := r.answers["db.example.com A"]
	o := a.Last
	o.Addrs = slices.DeleteFunc(slices.Clone(o.Addrs), func(a netip.Addr) bool { return a == at(name) })
	if verb == "+" {
		o.Addrs = append(o.Addrs, at(name))
	}
	o.Class, o.At = model.Answered, r.now
	r.answers["db.example.com A"] = model.Answer{Good: o, Last: o}
	r.answers["db.example.com AAAA"] = model.Answer{Last: model.Observation{Class: model.Empty, At: r.now}}
}

func (r *teller) decide() {
	r.last = failover.Decide(failover.Input{
		Service: r.svc, Answer: r.answers.answer, State: r.state, Now: r.now, Domain: "cluster.local",
		Health: func(c model.Check) model.Health { return r.health[c.Addr.Addr()] },
	})
	r.state = r.last.State
}

// says returns a condition of the last decision as "STATUS REASON: MESSAGE".
func (r *teller) says(t model.ConditionType) string {
	c, ok := r.last.Condition(t)
	if !ok {
		return "nothing"
	}
	return fmt.Sprintf("%v %s: %s", c.Status, c.Reason, c.Message)
}
