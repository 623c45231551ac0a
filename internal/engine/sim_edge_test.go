package engine

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// simAPI is an API server, with what stands in it. On one machine, where there is
// none, it stands for the listeners, and a restart finds nothing.
type simAPI struct {
	sim   *sim
	local bool
	stood map[model.Key]*simObjects
	// trouble is what it does with writes, other than to take them; slow is how long
	// it takes.
	trouble apiTrouble
	slow    time.Duration
	// slowed is how slow it was until slowUntil.
	slowed, slowUntil time.Duration
	// writes counts those that changed something.
	writes int
}

type apiTrouble string

const (
	apiWell      apiTrouble = ""
	apiAway      apiTrouble = "is away"
	apiRefuses   apiTrouble = "refuses writes"
	apiConflicts apiTrouble = "answers Conflict"
)

// recover ends its trouble.
func (a *simAPI) recover(at time.Duration) {
	if a.slow > 0 {
		a.slowed, a.slowUntil = a.slow, at
	}
	a.trouble, a.slow = apiWell, 0
}

// simObjects are those of one service.
type simObjects struct {
	endpoints []model.Endpoint
	external  string
	// generation is that of the spec that they were written for.
	generation int64
	status     *simStatus
}

// simStatus is what a status keeps of a decision.
type simStatus struct {
	active   []string
	priority int
	since    time.Time
	pinned   string
	history  []model.Transition
	targets  map[netip.Addr]string
}

// memory is what a process finds, as package kube reads it.
func (a *simAPI) memory(key model.Key) failover.Memory {
	var m failover.Memory
	o := a.stood[key]
	if o == nil || a.local {
		return m
	}
	if st := o.status; st != nil {
		m.Active, m.Priority, m.Since, m.Pinned, m.History = st.active, st.priority, st.since, st.pinned, st.history
	}
	for _, e := range o.endpoints {
		e.Target = ""
		if o.status != nil {
			e.Target = o.status.targets[e.Addr]
		}
		if e.Hostname != "" {
			e.Target = e.Hostname
		}
		e.Ports = slices.Clone(e.Ports) // which a slice has in an order of its own
		slices.Reverse(e.Ports)
		m.Standing = append(m.Standing, e)
	}
	return m
}

// simEdge carries decisions out, as package kube does: late, one service at a time,
// endpoints before the status.
type simEdge struct {
	process *simProcess
	seen    map[model.Key]uint64
	queued  map[model.Key]bool
	// wrote are the decisions that objects were written for last.
	wrote map[model.Key]*model.Published
}

func newSimEdge(p *simProcess) *simEdge {
	return &simEdge{process: p, seen: map[model.Key]uint64{}, queued: map[model.Key]bool{}, wrote: map[model.Key]*model.Published{}}
}

// sink takes a snapshot. On one machine it carries it out, which may take long.
func (e *simEdge) sink(snap *model.Snapshot) []model.Fault {
	s := e.process.sim
	var faults []model.Fault
	for _, p := range snap.Services {
		key := p.Service.Key
		if s.api.local && s.api.trouble != apiWell {
			faults = append(faults, model.Fault{Key: key, Reason: "AddressInUse", Message: "the port is taken"})
		}
		if e.seen[key] != p.Revision {
			e.seen[key] = p.Revision
			e.later(key, s.api.slow)
		}
	}
	for _, w := range s.wishes {
		if _, seen := e.seen[w.service.Key]; seen && snap.Find(w.service.Key) == nil {
			delete(e.seen, w.service.Key)
			e.later(w.service.Key, s.api.slow)
		}
	}
	if s.api.local {
		s.at += s.api.slow
	}
	return faults
}

// later has a service's objects written.
func (e *simEdge) later(key model.Key, after time.Duration) {
	if e.queued[key] {
		return
	}
	e.queued[key] = true
	s := e.process.sim
	s.plan1(after+s.world.latency(), func() {
		e.process.receive(func() {
			e.queued[key] = false
			e.write(key)
		})
	})
}

// write makes the objects of a service what the snapshot of now says.
func (e *simEdge) write(key model.Key) {
	a := e.process.sim.api
	switch {
	case a.local:
	case a.trouble == apiAway:
		e.later(key, time.Second)
		return
	case a.trouble == apiConflicts:
		e.later(key, 50*time.Millisecond)
		return
	case a.trouble == apiRefuses:
		e.report(key, &model.Fault{Key: key, Reason: "WriteRefused", Message: "the API server says no"})
		e.later(key, 5*time.Second)
		return
	}
	p := e.process.engine.Snapshot().Find(key)
	if p == nil {
		if a.stood[key] != nil {
			delete(a.stood, key)
			a.writes++
		}
		return
	}
	o := a.objects(key)
	o.generation = p.Service.Origin.Generation
	external := ""
	if p.Decision.External != nil {
		external = p.Decision.External.Name
	}
	if !slices.EqualFunc(o.endpoints, p.Decision.Endpoints, sameEndpoint) || o.external != external {
		a.writes++
		a.sim.tell("written: %s", words(&p.Decision))
	}
	o.endpoints, o.external = p.Decision.Endpoints, external
	e.wrote[key] = p
	e.report(key, nil)
	s := e.process.sim
	s.plan1(a.slow+s.world.latency(), func() { e.process.receive(func() { e.status(key, p) }) })
}

func (e *simEdge) report(key model.Key, f *model.Fault) {
	if err := e.process.engine.Report(context.Background(), key, f); err != nil {
		panic(err)
	}
}

func (a *simAPI) objects(key model.Key) *simObjects {
	if a.stood[key] == nil {
		a.stood[key] = &simObjects{}
	}
	return a.stood[key]
}

// status writes the status that goes with what was written before.
func (e *simEdge) status(key model.Key, p *model.Published) {
	a := e.process.sim.api
	o := a.stood[key]
	resolved, _ := p.Decision.Condition(model.Resolvable)
	switch {
	case o == nil || e.wrote[key] != p:
		return // a later one has its own
	case a.trouble != apiWell && !a.local:
		e.later(key, time.Second)
		return
	case resolved.Reason == failover.ReasonPending && o.status != nil && !o.status.moved(&p.Decision):
		return // what is said stays so until there is an answer
	}
	d := &p.Decision
	st := &simStatus{targets: map[netip.Addr]string{}, history: slices.Clone(d.History)}
	for i := range st.history {
		st.history[i].At = written(st.history[i].At)
	}
	if len(d.Endpoints) > 0 || d.External != nil {
		st.active, st.priority, st.since, st.pinned = d.Active, d.Priority, written(d.ActiveSince), d.State.Pinned
	}
	for i := range d.Targets {
		for _, addr := range d.Targets[i].Addresses {
			of, known := st.targets[addr]
			published := slices.Contains(st.active, d.Targets[i].Name)
			switch {
			case !known, published && !slices.Contains(st.active, of) && of != "":
				st.targets[addr] = d.Targets[i].Name
			case published:
				st.targets[addr] = "" // two are at this address
			}
		}
	}
	o.status = st
}

// moved reports whether other targets are published than it says.
func (st *simStatus) moved(d *model.Decision) bool {
	return (len(d.Endpoints) > 0 || d.External != nil) && (d.Priority != st.priority || !slices.Equal(d.Active, st.active) || d.State.Pinned != st.pinned)
}

// written is a time as it comes back from an API server.
func written(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Round(0).Truncate(time.Second)
}
