package engine

import (
	"context"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// simProcess is one life of Fairlead: the real engine on a clock, and with lookups,
// probes and an edge, that are the simulation's.
type simProcess struct {
	sim    *sim
	engine *Engine
	edge   *simEdge
	born   time.Duration
	// slept is how long its machine was suspended, which its monotonic clock does not
	// count.
	slept time.Duration
	// wake is when the engine wants to be run again.
	wake time.Duration
	// stopped says that it does not run, and mail is what came meanwhile.
	stopped bool
	mail    []func()
	// heard is what was told to the engine since it last looked.
	heard simHeard
	// decided is when it decided last, by its monotonic clock.
	decided time.Duration
	// turns counts those at one moment.
	turns  int
	turned time.Duration
}

// simHeard is what the outside said.
type simHeard struct {
	observed []model.Observation
	probed   []probed
}

// launch starts a process, which knows nothing yet.
func (s *sim) launch() {
	p := &simProcess{sim: s, born: s.at, wake: s.at}
	p.edge = newSimEdge(p)
	p.engine = New(Config{
		Domain: "cluster.local", Forbidden: s.plan.forbidden, Sink: p.edge.sink, Now: p.now,
		Prober: simProber{}, Random: s.random.Float64, Lookups: s.plan.lookups, Probes: s.plan.probes,
	})
	p.engine.lookup, p.engine.check = p.lookup, p.check
	s.process, s.ledger = p, newLedger(s)
}

// simProber is only there for the engine to have one.
type simProber struct{}

func (simProber) Probe(context.Context, string, *model.Probe, model.Check) model.Result {
	panic("the simulation starts probes itself")
}

// mono is its monotonic clock.
func (p *simProcess) mono() time.Duration { return p.sim.at - p.slept }

// now is the clock that the engine is given.
func (p *simProcess) now() time.Time { return reading(p.sim.wall(), p.mono()) }

// runs reports whether it runs.
func (p *simProcess) runs() bool { return p != nil && !p.stopped }

// turn runs the engine once.
func (p *simProcess) turn() {
	s := p.sim
	if p.turned != s.at {
		p.turned, p.turns = s.at, 0
	}
	if p.turns++; p.turns > 10_000 {
		s.breach("the engine never rests: it wants to be run again and again at one moment")
	}
	s.poked = false
	p.engine.drain()
	s.ledger.take(p.heard)
	s.forget()
	p.heard.observed, p.heard.probed = p.heard.observed[:0], p.heard.probed[:0]
	p.decided = p.mono()
	wait := p.engine.step(context.Background())
	p.wake = s.at + wait
	s.turns++
	s.check()
}

// receive has f happen to the process: now if it runs, when it does again if it is
// stopped, never if it is dead.
func (p *simProcess) receive(f func()) {
	switch {
	case p.sim.process != p:
	case p.stopped:
		p.mail = append(p.mail, f)
	default:
		f()
		p.sim.poked = true
	}
}

// lookup starts a lookup.
func (p *simProcess) lookup(_ context.Context, q model.Question) {
	s := p.sim
	s.ledger.asks(q)
	o, took := s.world.lookup(q)
	s.plan1(took, func() {
		p.receive(func() {
			o.At = p.now()
			p.engine.observed <- o
			p.heard.observed = append(p.heard.observed, o)
		})
	})
}

// check starts a probe. One during which the process was stopped may have run out of
// time.
func (p *simProcess) check(_ context.Context, t probing, late time.Duration) {
	s := p.sim
	s.ledger.probes(t, late)
	r, took := s.world.probe(s.at, t.spec, t.id.check)
	began := p.now()
	s.plan1(took, func() {
		stopped := p.stopped
		p.receive(func() {
			if stopped && s.random.IntN(2) == 0 {
				r.Up, r.Certain, r.Reason, r.Detail = false, false, model.ProbeTimeout, "it took too long"
			}
			r.Began, r.Took = began, took
			p.engine.probed <- probed{t, r}
			p.heard.probed = append(p.heard.probed, probed{t, r})
		})
	})
}

// stop has the process not run, as by SIGSTOP, or with its whole machine.
func (p *simProcess) stop(d time.Duration, machine bool) {
	if p.stopped {
		return
	}
	p.stopped = true
	p.sim.plan1(d, func() {
		if p.sim.process != p {
			return
		}
		p.stopped = false
		if machine {
			p.slept += d
		}
		mail := p.mail
		p.mail = nil
		for _, f := range mail {
			f()
		}
		p.sim.ledger.disturbed(p.sim.at)
		p.sim.poked = true
	})
}

// entry is what the process is told of a service that it does not know yet.
func (s *sim) entry(w *simWish) Entry {
	e := Entry{Service: w.service}
	m := s.api.memory(w.service.Key)
	e.Standing, e.State = m.Standing, failover.Recall(&w.service, m)
	return e
}

// apply tells the engine what is wanted of a service now.
func (p *simProcess) apply(w *simWish) {
	p.receive(func() {
		c := Change{Gone: []model.Key{w.service.Key}}
		if w.exists {
			e := p.sim.entry(w)
			c = Change{Services: []Entry{e}}
			if k := p.sim.ledger.known(w.service.Key); !k.told { // as core.enter has it
				k.told, k.found = true, e.Standing
			}
			p.sim.ledger.edit(&w.service)
		} else {
			delete(p.sim.ledger.services, w.service.Key)
		}
		if err := p.engine.Apply(context.Background(), c); err != nil {
			panic(err)
		}
	})
}
