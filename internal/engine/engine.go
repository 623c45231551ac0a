package engine

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// Resolver asks the outside DNS. It must be safe for concurrent use and return
// when ctx ends.
type Resolver interface {
	Lookup(ctx context.Context, q model.Question) model.Observation
}

// Prober asks an endpoint whether it is up. It must be safe for concurrent use, and
// return within the probe's timeout, or when ctx ends.
type Prober interface {
	Probe(ctx context.Context, namespace string, p *model.Probe, c model.Check) model.Result
}

// Sink carries a snapshot out and says what it could not. It returns when
// clients may be told of the snapshot.
type Sink func(*model.Snapshot) []model.Fault

// Config is what an engine needs. Resolver and Sink are required.
type Config struct {
	// Domain is the cluster domain, without a trailing dot.
	Domain string
	// Forbidden addresses are never published.
	Forbidden failover.Forbidden
	Resolver  Resolver
	Sink      Sink
	// Programmed is what the condition Programmed says of a service that is carried
	// out. It is given the service without that condition. Nil means the words of
	// a relay.
	Programmed func(*model.Published) (reason, message string)
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Lookups is how many names are asked at the same time. Defaults to 512.
	Lookups int
	// Prober probes endpoints. Without one none is ever judged.
	Prober Prober
	// Probes is how many endpoints are probed at the same time, those apart whose
	// probe takes long: with them it is four times as many at most. Defaults to 512.
	Probes int
	// Probed, if set, is told of every probe, and how much later than due it began.
	Probed func(kind model.ProbeKind, r model.Result, late time.Duration)
	// Random is evenly distributed from 0 to 1. Defaults to math/rand/v2's.
	Random func() float64
}

const (
	defaultLookups = 512
	defaultProbes  = 512
	// retryFaults is how soon the sink is asked again for what it could not do.
	retryFaults = 2 * time.Second
	// agedInterval is how often a snapshot goes out that is only fresher.
	agedInterval = time.Second
	// busyShare bounds the time spent on publishing: after two snapshots of which
	// the quicker took d, the next one waits busyShare*d, at most busyLimit.
	busyShare = 4
	busyLimit = 250 * time.Millisecond
)

// Engine keeps services published. Make one with [New], run it with Run.
type Engine struct {
	cfg      Config
	core     *core
	inbox    *inbox
	observed chan model.Observation
	probed   chan probed
	snapshot atomic.Pointer[model.Snapshot]

	// lookup starts a lookup, and check a probe that begins late by so much. Both
	// return at once; what comes of it goes to observed and probed. A simulation
	// puts a schedule of its own in their place.
	lookup func(context.Context, model.Question)
	check  func(context.Context, probing, time.Duration)
	// asking are the lookups and probes under way.
	asking sync.WaitGroup
	// published is closed by once, after the first snapshot.
	published chan struct{}
	once      sync.Once
	// quietUntil is when the next snapshot may go out, faultsAt when to retry.
	quietUntil, lastPublished, faultsAt time.Time
	// lastTook is how long the last snapshot took.
	lastTook time.Duration
}

// New returns an engine that has nothing to publish yet.
func New(cfg Config) *Engine {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Lookups == 0 {
		cfg.Lookups = defaultLookups
	}
	if cfg.Probes == 0 {
		cfg.Probes = defaultProbes
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		cfg:      cfg,
		core:     newCore(cfg),
		inbox:    newInbox(),
		observed: make(chan model.Observation, cfg.Lookups),
		probed:   make(chan probed, cfg.Probes),

		published: make(chan struct{}),
	}
	e.lookup, e.check = e.goLookup, e.goCheck
	e.snapshot.Store(model.NewSnapshot(cfg.Domain, nil, nil, nil))
	return e
}

// Snapshot returns the latest snapshot that the sink carried out. It is never
// nil; its generation is 0 until the first.
func (e *Engine) Snapshot() *model.Snapshot { return e.snapshot.Load() }

// Published is closed once the first snapshot is out.
func (e *Engine) Published() <-chan struct{} { return e.published }

// Run works until ctx ends, and then waits for its lookups and probes to end. The first
// snapshot goes out once something was set or applied.
func (e *Engine) Run(ctx context.Context) error {
	defer e.asking.Wait()
	select {
	case <-e.inbox.filled:
	case <-ctx.Done():
		return nil
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		e.drain()
		timer.Reset(e.step(ctx))
		select {
		case <-ctx.Done():
			return nil
		case <-e.inbox.filled:
		case o := <-e.observed:
			e.core.observe(o)
		case p := <-e.probed:
			e.core.probed(p, e.cfg.Now())
		case <-timer.C:
		}
	}
}

// drain takes everything that came meanwhile, so that changes which fall
// together go out together.
func (e *Engine) drain() {
	now := e.cfg.Now()
	for _, tell := range e.inbox.empty() {
		tell(e.core, now)
	}
	for {
		select {
		case o := <-e.observed:
			e.core.observe(o)
		case p := <-e.probed:
			e.core.probed(p, now)
		default:
			return
		}
	}
}

// step does what is due, and returns how long nothing more is.
func (e *Engine) step(ctx context.Context) time.Duration {
	now := e.cfg.Now()
	e.core.wake(now)
	e.core.decide(now)
	next := e.core.wake(now) // new services want new questions asked
	e.ask(ctx, now)
	e.probe(ctx, now)
	next = earliest(earliest(next, e.core.lookups.next()), e.core.probes.next())
	next = earliest(next, e.publish(now))
	if next.IsZero() {
		return time.Hour
	}
	return max(0, next.Sub(e.cfg.Now()))
}

// ask starts the lookups that are due, as many as may run at the same time.
func (e *Engine) ask(ctx context.Context, now time.Time) {
	for _, q := range e.core.take(now, e.cfg.Lookups) {
		e.lookup(ctx, q)
	}
}

func (e *Engine) goLookup(ctx context.Context, q model.Question) {
	e.asking.Go(func() {
		o := e.cfg.Resolver.Lookup(ctx, q)
		select {
		case e.observed <- o:
		case <-ctx.Done():
		}
	})
}

// probe starts the probes that are due, as many as may run at the same time.
func (e *Engine) probe(ctx context.Context, now time.Time) {
	for _, t := range e.core.takeProbes(now, e.cfg.Probes, e.cfg.Prober != nil) {
		e.check(ctx, t, now.Sub(t.due))
	}
}

func (e *Engine) goCheck(ctx context.Context, t probing, late time.Duration) {
	e.asking.Go(func() {
		r := e.cfg.Prober.Probe(ctx, t.id.key.Namespace, t.spec, t.id.check)
		if e.cfg.Probed != nil && ctx.Err() == nil {
			e.cfg.Probed(t.spec.Kind, r, late)
		}
		select {
		case e.probed <- probed{t, r}:
		case <-ctx.Done():
		}
	})
}

// publish sends a snapshot out if there is a new one and it is time. It returns
// when to come back for one, zero if none waits.
func (e *Engine) publish(now time.Time) time.Time {
	retry := !e.faultsAt.IsZero() && !now.Before(e.faultsAt)
	changed := e.core.outbox.changed
	if !e.core.outbox.aged() && !retry {
		return e.faultsAt
	}
	at := e.quietUntil
	if aged := e.lastPublished.Add(agedInterval); !changed && !retry && aged.After(at) {
		at = aged
	}
	if now.Before(at) {
		return earliest(at, e.faultsAt)
	}
	e.send(now)
	return e.faultsAt
}

func (e *Engine) send(now time.Time) {
	before := e.snapshot.Load()
	s := before // to be tried again as it is
	if e.core.outbox.aged() {
		s = e.core.outbox.snapshot(now)
	}
	faults := e.cfg.Sink(s)
	e.core.setFaults(faults, now)
	if e.core.outbox.changed {
		s = e.core.outbox.snapshot(now)
	}
	if s != before {
		e.report(before, s)
		e.snapshot.Store(s)
		e.once.Do(func() { close(e.published) })
	}

	e.faultsAt = time.Time{}
	done := e.cfg.Now()
	if len(faults) > 0 {
		e.faultsAt = done.Add(retryFaults)
	}
	e.lastPublished = now
	// One that took long was held up by the machine; two are work.
	took := done.Sub(now)
	e.quietUntil = done.Add(min(busyShare*min(took, e.lastTook), busyLimit))
	e.lastTook = took
}

// earliest returns the earlier time; zero means never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
