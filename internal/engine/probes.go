package engine

import (
	"reflect"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// watch is one endpoint that a service wants probed.
type watch struct {
	health model.Health
	// queued says that it is ready or in flight, due when it will be next.
	queued bool
	due    time.Time
	// began is when the last probe began; zero before the first.
	began time.Time
}

// probeID names a watch. Services share no probes: each has its own interval,
// thresholds and way to ask.
type probeID struct {
	key   model.Key
	check model.Check
}

// probing is a probe to make, or under way.
type probing struct {
	id   probeID
	spec *model.Probe
	due  time.Time
}

// probed is a probe that has ended.
type probed struct {
	probing
	result model.Result
}

// health is what is held of an endpoint of the service.
func (r *record) health(c model.Check) model.Health {
	if w, ok := r.watches[c]; ok {
		return w.health
	}
	return model.Health{}
}

// watch has the endpoints probed that a decision needs, from now on and no others,
// and the urgent ones at once.
func (c *core) watch(r *record, d *model.Decision, now time.Time) {
	if len(d.Checks)+len(r.watches) == 0 {
		return
	}
	wanted := make(map[model.Check]struct{}, len(d.Checks))
	for _, check := range d.Checks {
		wanted[check] = struct{}{}
		if r.watches[check] == nil {
			c.begin(r, check, now)
		}
	}
	for check := range r.watches {
		if _, ok := wanted[check]; !ok {
			delete(r.watches, check)
		}
	}
	for check, since := range d.Urgent {
		if w := r.watches[check]; w != nil && !w.queued && w.began.Before(since) && w.due.After(now) {
			c.probeAt(r, check, now)
		}
	}
}

func (c *core) begin(r *record, check model.Check, now time.Time) {
	w := &watch{}
	r.watches[check] = w
	if _, w.queued = c.probes.inFlight[probeID{r.service.Key, check}]; !w.queued {
		c.probeAt(r, check, now)
	}
}

// reprobe has all endpoints probed anew, at once, in the way that a service is about
// to be edited to. What is held of them stays until that says otherwise.
func (c *core) reprobe(r *record, p *model.Probe, now time.Time) {
	if r.service.Probe == nil || p == nil || sameProbe(r.service.Probe, p) {
		return
	}
	for check, w := range r.watches {
		w.health.Successes, w.health.Failures = 0, 0
		if !w.queued {
			c.probeAt(r, check, now)
		}
	}
}

func (c *core) probeAt(r *record, check model.Check, at time.Time) {
	r.watches[check].due = at
	c.agenda.add(item{at: at, service: r.service.Key, check: check})
}

func (c *core) queueProbe(it item) {
	r, ok := c.services[it.service]
	if !ok {
		return
	}
	w, ok := r.watches[it.check]
	if !ok || w.queued || !w.due.Equal(it.at) {
		return // overtaken
	}
	w.queued = true
	c.probes.add(probeID{it.service, it.check}, w.lane(), w.health.Failures)
}

// lane is where the probe queues: what fails again and again is not in the way of
// what may have just failed.
func (w *watch) lane() lane {
	switch {
	case w.began.IsZero():
		return first
	case w.health.Failures > 1 && w.health.Verdict == model.Down:
		return retry
	}
	return regular
}

// takeProbes returns the probes to make now, so that at most limit are under way.
// Without a prober there are none.
func (c *core) takeProbes(now time.Time, limit int, able bool) []probing {
	if !able {
		return nil
	}
	ids := c.probes.take(now, limit, func(id probeID) bool {
		r, ok := c.services[id.key]
		return ok && r.service.Probe != nil && r.watches[id.check] != nil && r.watches[id.check].queued
	})
	all := make([]probing, 0, len(ids))
	for _, id := range ids {
		r := c.services[id.key]
		all = append(all, probing{id: id, spec: r.service.Probe, due: r.watches[id.check].due})
	}
	return all
}

// probed takes what a probe has said. A service is decided anew only if that
// changes what is held of the endpoint, or was waited for.
func (c *core) probed(p probed, now time.Time) {
	c.probes.done(p.id)
	r, ok := c.services[p.id.key]
	if !ok {
		return // it is gone meanwhile
	}
	w, ok := r.watches[p.id.check]
	if !ok {
		return
	}
	w.queued, w.began = false, p.result.Began
	if r.service.Probe == nil {
		return
	}
	if r.service.Probe != p.spec && !sameProbe(r.service.Probe, p.spec) {
		c.probeAt(r, p.id.check, now) // that was another question
		return
	}
	before := w.health
	w.health = failover.Judge(before, p.spec, p.result)
	if _, urgent := r.decision.Urgent[p.id.check]; urgent || news(before, w.health) {
		c.stale[p.id.key] = struct{}{}
	}
	at := p.result.Began.Add(c.pause(w, p.spec, before))
	if at.Before(now) {
		at = now
	}
	c.probeAt(r, p.id.check, at)
}

// lateProbe is how long a probe takes at most unless its timeout is longer than most:
// twice the default.
const lateProbe = 2 * time.Second

// news reports whether a decision could depend on the difference.
func news(a, b model.Health) bool {
	return a.Verdict != b.Verdict || a.Reason != b.Reason || a.Detail != b.Detail || a.Certain != b.Certain || a.Warning != b.Warning ||
		(a.Failures == 0) != (b.Failures == 0) || // whether it may be gone back to
		a.UnaskedReason != b.UnaskedReason || a.UnaskedDetail != b.UnaskedDetail
}

// firstPause is how soon an endpoint is tried again that has failed and was never
// judged: nobody knows yet whether the service is well. One that cannot be asked is
// tried at its interval.
const firstPause = time.Second

// pause is from the beginning of a probe to that of the next: the interval, or up to
// a tenth less, so that probes do not stay in step; after the first one anything
// from half of it.
func (c *core) pause(w *watch, p *model.Probe, before model.Health) time.Duration {
	least := 0.9
	if before == (model.Health{}) {
		least = 0.5
	}
	pause := time.Duration(float64(p.Interval) * (least + (1-least)*c.random()))
	if w.health.Verdict == model.Unjudged && w.health.UnaskedReason == "" {
		pause = min(pause, firstPause)
	}
	return pause
}

// sameProbe reports whether two probes ask the same in the same way.
func sameProbe(a, b *model.Probe) bool { return reflect.DeepEqual(a, b) }
