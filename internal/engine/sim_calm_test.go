package engine

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// simCalm is what stands once everything has settled, and may change no more.
type simCalm struct {
	services map[model.Key]simStanding
	// rest says that nothing at all may be written, not even a word.
	rest   bool
	writes int
	// withdrawn says that readiness of services that withdraw does not count now.
	withdrawn bool
}

type simStanding struct {
	endpoints []model.Endpoint
	external  string
	active    []string
	revision  uint64
	// pinned is the pin that was followed. One that could not be may be at last: a new
	// process does not know whose an address was, and whose it was published as.
	pinned string
}

// round lets a round begin.
func (s *sim) round(r simRound) {
	for _, f := range r.faults {
		s.plan1(f.at, func() { s.strike(f) })
	}
	s.plan1(r.length, func() { s.settle(r) })
}

// settle ends all faults but those that stay, and goes on when all must be right.
func (s *sim) settle(r simRound) {
	s.tell("no fault any more, but those that stay")
	s.mended++
	s.mend(rand.New(rand.NewPCG(r.after, 3)))
	s.plan1(s.settled(), func() {
		s.checkWorld()
		s.rest(true)
		s.plan1(s.quiet(), func() { s.harmless(r, 0) })
	})
}

// mend lets the world be well, mostly.
func (s *sim) mend(r *rand.Rand) {
	w := s.world
	if w.cut || w.blind {
		w.cut, w.blind, w.cutEnded = false, false, s.at
	}
	w.mute = false
	s.api.recover(s.at)
	for _, h := range w.hosts {
		mode := pick(r, hostUp, hostUp, hostUp, hostRefuses, hostHangs)
		if h.mode != mode {
			h.mode, h.changed = mode, s.at
			s.tell("%s %s", h.addr, h.mode)
		}
	}
	for _, n := range w.names {
		n.window, n.slow, n.only, n.changed = 0, 0, "", s.at
		n.fault = pick(r, "", "", "", "", "", "", model.ServerFailure, model.Timeout, model.NotFound)
		if n.fault != "" {
			s.tell("%s answers %s", n.name, n.fault)
		}
	}
	if s.process == nil {
		s.start()
	}
}

// settled is how long it takes at most until all is right: until DNS is asked, what it
// gave before is let go, probes have found out, and what is better has been up for long
// enough.
func (s *sim) settled() time.Duration {
	longest := time.Duration(0)
	for _, w := range s.wishes {
		r := w.service.Resolution
		d := r.MaxInterval + 2*simLookupTimeout + r.MissingGrace + max(r.Retain, r.MissingGrace) + time.Second
		if p := w.service.Probe; p != nil {
			run := time.Duration(max(p.FailureThreshold, p.SuccessThreshold) + 2)
			d += 2*run*max(p.Interval, p.Timeout) + w.service.Failover.FailbackDelay
		}
		longest = max(longest, d)
	}
	return longest
}

// quiet is for how long nothing may change then.
func (s *sim) quiet() time.Duration {
	longest := time.Duration(0)
	for _, w := range s.wishes {
		longest = max(longest, w.service.Resolution.MaxInterval+2*simLookupTimeout)
		if p := w.service.Probe; p != nil {
			longest = max(longest, time.Duration(p.FailureThreshold+p.SuccessThreshold)*p.Interval)
		}
	}
	return longest
}

// rest takes down what stands.
func (s *sim) rest(strictly bool) {
	s.calm = &simCalm{services: map[model.Key]simStanding{}, rest: strictly, writes: s.api.writes}
	snap := s.process.engine.Snapshot()
	for _, p := range snap.Services {
		st := simStanding{endpoints: p.Decision.Endpoints, active: p.Decision.Active, revision: p.Revision, pinned: p.Decision.State.Pinned}
		if p.Decision.External != nil {
			st.external = p.Decision.External.Name
		}
		s.calm.services[p.Service.Key] = st
	}
	s.tell("at rest")
}

// harmless lets the nth of the faults happen that change nothing.
func (s *sim) harmless(r simRound, n int) {
	if n == len(r.harmless) {
		s.over()
		return
	}
	f := r.harmless[n]
	if !s.changesNothing(f) {
		s.harmless(r, n+1)
		return
	}
	if f.kind == "cut" {
		f.lasts = max(f.lasts, s.longestProbe())
	}
	s.calm.rest, s.calm.withdrawn = false, true
	s.strike(f)
	s.plan1(2*f.lasts+s.quiet(), func() {
		s.calm.withdrawn = false
		s.check()
		s.harmless(r, n+1)
	})
}

// changesNothing reports whether a fault is harmless to these services: a restart on one
// machine finds nothing, where one failure is enough, the probe that was under way
// while the process stood still is one, and of two primaries that were lost the one that
// answers first is the one.
func (s *sim) changesNothing(f simFault) bool {
	switch f.kind {
	case "restart":
		return !s.api.local
	case "cut":
		return !slices.ContainsFunc(s.wishes, s.twoPrimaries)
	case "stop", "suspend":
		return !slices.ContainsFunc(s.wishes, func(w *simWish) bool { return w.service.Probe != nil && w.service.Probe.FailureThreshold == 1 })
	}
	return true
}

// twoPrimaries reports whether more than one endpoint of a service says that it is the
// primary.
func (s *sim) twoPrimaries(w *simWish) bool {
	if !w.service.Probe.Exclusive() {
		return false
	}
	n := 0
	for _, h := range s.ledger.known(w.service.Key).health {
		if h.verdict == model.Up {
			n++
		}
	}
	return n > 1
}

// over ends a round.
func (s *sim) over() {
	if !s.plan.thorough {
		s.nextRound()
		return
	}
	s.plan1(s.settled(), func() {
		s.rest(true)
		s.plan1(s.quiet(), s.nextRound)
	})
}

// longestProbe is how long it takes at most until every endpoint has been probed once.
// With failureThreshold 1, a network that is lost for less looks like dead endpoints
// beside live ones.
func (s *sim) longestProbe() time.Duration {
	longest := time.Duration(0)
	for _, w := range s.wishes {
		if p := w.service.Probe; p != nil {
			longest = max(longest, p.Interval+p.Timeout)
		}
	}
	return longest
}

func (s *sim) nextRound() {
	s.calm = nil
	if s.mended == len(s.plan.rounds) {
		s.ended = true
		return
	}
	s.round(s.plan.rounds[s.mended])
}

// check finds what has changed although it may not.
func (c *simCalm) check(s *sim) {
	if c == nil {
		return
	}
	if c.rest && s.api.writes != c.writes {
		s.breach("at rest nothing is written: the API server was")
	}
	for _, p := range s.process.engine.Snapshot().Services {
		st, d := c.services[p.Service.Key], &p.Decision
		if c.rest && p.Revision != st.revision {
			s.breach("at rest nothing is written: %s changed: %s", p.Service.Key.Name, words(d))
		}
		external := ""
		if d.External != nil {
			external = d.External.Name
		}
		if d.State.Pinned != "" && st.pinned == "" {
			continue
		}
		free := c.withdrawn && p.Service.Failover.Withdraw
		if len(st.endpoints)+len(d.Endpoints) == 0 && d.External == nil {
			continue // whoever it is that does not serve
		}
		if !free && !sameTraffic(st.endpoints, d.Endpoints) || external != st.external || !slices.Equal(st.active, d.Active) {
			s.breach("what changes nothing, changes nothing: %s had %s %s%s\n  and has %s", p.Service.Key.Name, st.active, endpointWords(st.endpoints), st.external, words(d))
		}
	}
}

// checkWorld finds that the process is wrong about what stands outside, though it has
// had the time to find out.
func (s *sim) checkWorld() {
	now := s.process.mono()
	for q := range s.process.engine.core.questions {
		a := s.ledger.answers[q]
		n := s.world.name(q.Name)
		switch {
		case a == nil || !a.heard:
			s.breach("DNS is asked: %s %s was not", q.Name, q.Type)
		case !a.asking && now > a.again+s.ledger.slack():
			s.breach("DNS is asked: %s %s was %s ago", q.Name, q.Type, now-a.at)
		case n == nil || n.fault != "":
			// It goes on.
		case a.class != model.Empty && !n.gives(q.Type, a):
			s.breach("DNS is followed: %s %s is not %s", q.Name, q.Type, a.addrs)
		}
	}
	for key, k := range s.ledger.services {
		r := s.process.engine.core.services[key]
		for check := range r.watches {
			if k.health[check] == nil {
				s.breach("endpoints are probed: %s of %s never was", check.Addr, key.Name)
			}
		}
		for check, h := range k.health {
			if !h.underWay && now > max(h.began+r.service.Probe.Interval, h.ended)+s.ledger.slack() {
				s.breach("endpoints are probed: %s of %s was %s ago", check.Addr, key.Name, now-h.began)
			}
		}
	}
}

// gives reports whether an answer is that of the name now.
func (n *simName) gives(t model.RecordType, a *simAnswer) bool {
	switch t {
	case model.A:
		return sameAddrs(n.a, a.addrs)
	case model.AAAA:
		return sameAddrs(n.aaaa, a.addrs)
	}
	return slices.Equal(n.hosts, a.hosts)
}

func sameAddrs(a, b []netip.Addr) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x netip.Addr) bool { return !slices.Contains(b, x) })
}
