package engine

import (
	"context"
	"log/slog"
	"net/netip"
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

// Sink carries a snapshot out and says what it could not. It returns when
// clients may be told of the snapshot.
type Sink func(*model.Snapshot) []model.Fault

// Config is what an engine needs. Resolver and Sink are required.
type Config struct {
	// Domain is the cluster domain, without a trailing dot.
	Domain string
	// Forbidden addresses are never published.
	Forbidden []netip.Prefix
	Resolver  Resolver
	Sink      Sink
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Lookups is how many names are asked at the same time. Defaults to 512.
	Lookups int
}

const (
	defaultLookups = 512
	// retryFaults is how soon the sink is asked again for what it could not do.
	retryFaults = 2 * time.Second
	// agedInterval is how often a snapshot goes out that is only fresher.
	agedInterval = time.Second
	// busyShare bounds the time spent on publishing: after a snapshot that took
	// d, the next one waits busyShare*d, at most busyLimit.
	busyShare = 4
	busyLimit = 250 * time.Millisecond
)

// Engine keeps services published. Make one with [New], run it with Run.
type Engine struct {
	cfg      Config
	core     *core
	desired  chan Desired
	observed chan model.Observation
	snapshot atomic.Pointer[model.Snapshot]

	lookups sync.WaitGroup
	// published is closed by once, after the first snapshot.
	published chan struct{}
	once      sync.Once
	// quietUntil is when the next snapshot may go out, faultsAt when to retry.
	quietUntil, lastPublished, faultsAt time.Time
}

// New returns an engine that has nothing to publish yet.
func New(cfg Config) *Engine {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Lookups == 0 {
		cfg.Lookups = defaultLookups
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		cfg:      cfg,
		core:     newCore(cfg.Domain, cfg.Forbidden),
		desired:  make(chan Desired),
		observed: make(chan model.Observation, cfg.Lookups),

		published: make(chan struct{}),
	}
	e.snapshot.Store(model.NewSnapshot(cfg.Domain, nil, nil, nil))
	return e
}

// Snapshot returns the latest snapshot that the sink carried out. It is never
// nil; its generation is 0 until the first.
func (e *Engine) Snapshot() *model.Snapshot { return e.snapshot.Load() }

// Published is closed once the first snapshot is out.
func (e *Engine) Published() <-chan struct{} { return e.published }

// Set replaces everything that is wanted. It returns when the engine has taken
// it, or when ctx ends.
func (e *Engine) Set(ctx context.Context, d Desired) error {
	select {
	case e.desired <- d:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Run works until ctx ends, and then waits for its lookups to end. The first
// snapshot goes out once something was set.
func (e *Engine) Run(ctx context.Context) error {
	defer e.lookups.Wait()
	select {
	case d := <-e.desired:
		e.core.set(d)
	case <-ctx.Done():
		return nil
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(e.step(ctx))
		select {
		case <-ctx.Done():
			return nil
		case d := <-e.desired:
			e.core.set(d)
		case o := <-e.observed:
			e.core.observe(o)
		case <-timer.C:
		}
		e.drain()
	}
}

// drain takes the observations that came meanwhile, so that changes which fall
// together go out together.
func (e *Engine) drain() {
	for {
		select {
		case o := <-e.observed:
			e.core.observe(o)
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
	e.ask(ctx)
	next = earliest(next, e.publish(now))
	if next.IsZero() {
		return time.Hour
	}
	return max(0, next.Sub(e.cfg.Now()))
}

// ask starts the lookups that are due, as many as may run at the same time.
func (e *Engine) ask(ctx context.Context) {
	for _, q := range e.core.take(e.cfg.Lookups) {
		e.lookups.Go(func() {
			o := e.cfg.Resolver.Lookup(ctx, q)
			select {
			case e.observed <- o:
			case <-ctx.Done():
			}
		})
	}
}

// publish sends a snapshot out if there is a new one and it is time. It returns
// when to come back for one, zero if none waits.
func (e *Engine) publish(now time.Time) time.Time {
	retry := !e.faultsAt.IsZero() && !now.Before(e.faultsAt)
	if !e.core.changed && !e.core.aged && !retry {
		return e.faultsAt
	}
	at := e.quietUntil
	if aged := e.lastPublished.Add(agedInterval); !e.core.changed && !retry && aged.After(at) {
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
	if e.core.changed || e.core.aged {
		s = e.core.snapshot(now)
	}
	faults := e.cfg.Sink(s)
	e.core.setFaults(faults, now)
	if e.core.changed {
		s = e.core.snapshot(now)
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
	e.quietUntil = done.Add(min(busyShare*done.Sub(now), busyLimit))
}

// report logs what became of services, with the reason and message of their
// conditions Ready and Resolved: what people should know where they changed, the
// rest in detail.
func (e *Engine) report(before, after *model.Snapshot) {
	for _, p := range after.Services {
		old := before.Find(p.Service.Key)
		if old == p {
			continue
		}
		is, was := state(p, model.Ready), state(old, model.Ready)
		if is == was {
			e.reportResolved(p, old)
			continue
		}
		level := slog.LevelDebug
		switch {
		case is.Status && old != nil && was.Reason != failover.ReasonPending && !was.Status:
			level = slog.LevelInfo
		case !is.Status && (is.Reason == failover.ReasonPending || old == nil && is.Reason == failover.ReasonNoTargets):
			// Nothing is known yet, or the manifest's author was told already.
		case !is.Status:
			level = slog.LevelWarn
		}
		e.cfg.Log.Log(context.Background(), level, "service", "service", p.Service.Key.String(),
			"ready", is.Status, "reason", is.Reason, "message", is.Message)
	}
}

// reportResolved logs that a service which is as ready as before begins or ceases
// to live on what was known.
func (e *Engine) reportResolved(p, old *model.Published) {
	is, was := state(p, model.Resolvable), state(old, model.Resolvable)
	if is.Status == was.Status {
		return
	}
	level := slog.LevelInfo
	if !is.Status {
		level = slog.LevelWarn
	}
	e.cfg.Log.Log(context.Background(), level, "service", "service", p.Service.Key.String(),
		"resolved", is.Status, "reason", is.Reason, "message", is.Message)
}

// state is a condition without its time; zero if p is nil.
func state(p *model.Published, t model.ConditionType) model.Condition {
	if p == nil {
		return model.Condition{}
	}
	c, _ := p.Decision.Condition(t)
	c.Since = time.Time{}
	return c
}

// earliest returns the earlier time; zero means never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
