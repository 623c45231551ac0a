package engine

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// core holds what is wanted, known and decided. It is used by one goroutine.
type core struct {
	domain    string
	forbidden failover.Forbidden
	// words are what the condition Programmed says where there is no fault.
	words func(*model.Published) (reason, message string)

	services  map[model.Key]*record
	questions map[model.Question]*question
	// unwanted are questions that may be wanted by nobody.
	unwanted []model.Question
	agenda   agenda

	// lookups are the questions whose time has come, and those being asked; probes
	// are the endpoints.
	lookups lanes[model.Question]
	probes  lanes[probeID]
	// random is evenly distributed from 0 to 1.
	random func() float64
	// stale are the services that must be decided anew.
	stale  map[model.Key]struct{}
	faults faults
	outbox outbox
}

// record is one service.
type record struct {
	service   model.Service
	decision  model.Decision
	published *model.Published
	// standing is what was published before answers to the present names came;
	// nil once nothing of it is needed.
	standing      []model.Endpoint
	standingSince time.Time
	// state is what the next decision has to know of the last one.
	state model.State
	// watches are the endpoints that are probed.
	watches map[model.Check]*watch
}

func newCore(cfg Config) *core {
	c := &core{
		domain:    cfg.Domain,
		forbidden: cfg.Forbidden,
		words:     cfg.Programmed,
		services:  map[model.Key]*record{},
		questions: map[model.Question]*question{},
		lookups:   newLanes[model.Question](lateLookup),
		probes:    newLanes[probeID](lateProbe),
		random:    cfg.Random,
		stale:     map[model.Key]struct{}{},
		faults:    faults{reported: map[model.Key]model.Fault{}},
		outbox:    newOutbox(cfg.Domain),
	}
	if c.words == nil {
		c.words = relayWords
	}
	return c
}

// set replaces what is wanted.
func (c *core) set(d Desired, now time.Time) {
	wanted := make(map[model.Key]struct{}, len(d.Services))
	for _, s := range d.Services {
		wanted[s.Key] = struct{}{}
		c.enter(Entry{Service: s}, now)
	}
	for key := range c.services {
		if _, ok := wanted[key]; !ok {
			c.remove(key)
		}
	}
	c.outbox.surround(d.Namespaces, d.Problems)
}

// apply changes what is wanted of some services.
func (c *core) apply(change Change, now time.Time) {
	for _, key := range change.Gone {
		c.remove(key)
	}
	for _, e := range change.Services {
		c.enter(e, now)
	}
}

// enter has a service that is new or changed decided anew.
func (c *core) enter(e Entry, now time.Time) {
	key := e.Service.Key
	r, ok := c.services[key]
	switch {
	case !ok:
		r = &record{standing: e.Standing, state: e.State, watches: map[model.Check]*watch{}}
		c.services[key] = r
	case reflect.DeepEqual(r.service, e.Service):
		return
	case sameTargets(r.service.Targets, e.Service.Targets): // what stands is as it was
	case len(r.decision.Endpoints) > 0:
		r.standing, r.standingSince = r.decision.Endpoints, now
	}
	c.reprobe(r, e.Service.Probe, now)
	r.service = e.Service
	c.stale[key] = struct{}{}
}

// sameTargets reports whether two versions of a service live at the same places, as
// they are written: not what the cluster says of the Services among them.
func sameTargets(a, b []model.Target) bool {
	return reflect.DeepEqual(asWritten(a), asWritten(b))
}

func asWritten(targets []model.Target) []model.Target {
	all := slices.Clone(targets)
	for i := range all {
		if t := &all[i]; t.Service != nil {
			t.Endpoints, t.Refusal = nil, nil
		}
	}
	return all
}

// remove forgets a service.
func (c *core) remove(key model.Key) {
	r, ok := c.services[key]
	if !ok {
		return
	}
	c.release(key, r.decision.Questions, nil)
	delete(c.services, key)
	delete(c.stale, key)
	delete(c.faults.reported, key)
	c.outbox.remove(key)
}

// report takes what an edge made of a service.
func (c *core) report(key model.Key, f *model.Fault) {
	if _, ok := c.services[key]; ok && c.faults.report(key, f) {
		c.stale[key] = struct{}{}
	}
}

// setFaults takes what the sink could not carry out.
func (c *core) setFaults(faults []model.Fault, now time.Time) {
	for key := range c.faults.set(faults) {
		if r, ok := c.services[key]; ok {
			c.publish(r, now)
		}
	}
}

// decide decides the stale services anew, in the order of their keys.
func (c *core) decide(now time.Time) {
	keys := slices.SortedFunc(maps.Keys(c.stale), model.Key.Compare)
	clear(c.stale)
	for _, key := range keys {
		r := c.services[key]
		d := failover.Decide(failover.Input{
			Service: r.service, Answer: c.answer, Now: now, Forbidden: c.forbidden, Domain: c.domain,
			Standing: r.standing, StandingSince: r.standingSince,
			Health: r.health, State: r.state,
		})
		if d.Settled {
			r.standing = nil
		}
		c.release(key, r.decision.Questions, d.Questions)
		c.want(key, d.Questions, now)
		c.watch(r, &d, now)
		if !d.Next.IsZero() && !d.Next.Equal(r.decision.Next) {
			c.agenda.add(item{at: d.Next, service: key})
		}
		r.decision, r.state = d, d.State
		c.publish(r, now)
	}
	c.forget()
}

// publish replaces what stands for r.
func (c *core) publish(r *record, now time.Time) {
	p := &model.Published{Service: r.service, Decision: r.decision}
	p.Decision.Conditions = append(make([]model.Condition, 0, len(r.decision.Conditions)+1), r.decision.Conditions...) // one is to come
	fault, failed := c.faults.of(r.service.Key)
	switch {
	case failed && fault.Claimed:
		claimed(p, fault)
	case failed:
		faulty(p, fault)
	default:
		carriedOut(p, c.words)
	}
	var before []model.Condition
	if r.published != nil {
		before = r.published.Decision.Conditions
	}
	since(p.Decision.Conditions, before, now)
	c.outbox.put(p, r.published)
	r.published = p
}

// since keeps the time at which each condition got its status.
func since(now, before []model.Condition, at time.Time) {
	for i := range now {
		now[i].Since = at
		for _, b := range before {
			if b.Type == now[i].Type && b.Status == now[i].Status {
				now[i].Since = b.Since
			}
		}
	}
}
