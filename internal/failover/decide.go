// Package failover decides what is published for a service.
//
// [Decide] is one pure function of what is wanted, what is known and the time.
// Its result is everything the edges need: endpoints, questions that must be
// kept answered, when to look again, and one reason and one message for people,
// which stand unchanged in condition, log, metric and status page.
//
// The package reads no clock, does no I/O, logs nothing and keeps no state. It
// does not carry anything out: package engine does.
package failover

import (
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// Input is all that a decision depends on.
type Input struct {
	Service model.Service
	// Answer returns what is known about a question, and whether anything is.
	Answer func(model.Question) (model.Answer, bool)
	Now    time.Time
	// Forbidden addresses are never published, whatever they came from.
	Forbidden Forbidden
	// Domain is the cluster domain; names in it are not asked outside.
	Domain string
	// Standing is what was published for the service before any answer to its
	// present names came: before a restart, or before its spec was edited. It is
	// passed until a decision is Settled.
	Standing []model.Endpoint
	// StandingSince is when an edit made Standing what was before; zero for what a
	// restart has found. That a name does not exist is believed missingGrace after
	// that at the earliest.
	StandingSince time.Time
}

// Decide returns what is published for in.Service at in.Now.
//
// The best tier, the one with the lowest priority number, is published:
//
//	what DNS says of a target's name        what is published of it
//	--------------------------------        -----------------------
//	records                                 their addresses
//	timeout, SERVFAIL, REFUSED, nonsense    the last good addresses, for ever
//	NXDOMAIN or no records, for less than   the last good addresses
//	  missingGrace
//	NXDOMAIN or no records, for longer      nothing, also while lookups fail then
//	nothing yet                             nothing
//
// Before the first records come, in.Standing takes the place of the last good
// addresses, and also that of nothing in the last line. Without any in.Standing a
// name that never had records is believed to have none at once.
//
// A target that is refused publishes nothing. That the service is refused changes
// nothing but the condition Accepted: it is decided from what it still has.
func Decide(in Input) model.Decision {
	standing := in.Standing
	in.Standing = nil
	d := decide(in)
	if in.Service.Type == model.ExternalName || len(standing) == 0 {
		d.Settled = true
		return d
	}
	if len(in.Service.Targets) == 0 {
		// Nothing was followed yet: what stands is for the spec that will be.
		d.Settled = in.Service.Refusal == nil
		return d
	}
	in.Standing = remaining(in, standing, d.Endpoints)
	return decide(in)
}

func decide(in Input) model.Decision {
	best := bestTier(in.Service.Targets)
	d := model.Decision{Priority: best, Settled: true, Targets: make([]model.TargetStatus, 0, len(in.Service.Targets))}
	r := resolver{in: in, decision: &d}

	for _, t := range in.Service.Targets {
		var s model.TargetStatus
		switch {
		case t.Refusal != nil:
			s = refused(t)
		case t.Priority != best:
			s = standby(t)
		case in.Service.Type == model.ExternalName:
			s = r.external(t)
		default:
			s = r.target(t)
		}
		if t.Priority == best && t.Refusal == nil {
			d.Active = append(d.Active, t.Name)
		}
		d.Targets = append(d.Targets, s)
	}
	d.Endpoints = unique(d.Endpoints)
	d.Conditions = conditions(in.Service, &d)
	return d
}

// bestTier returns the lowest priority among the targets.
func bestTier(targets []model.Target) int {
	if len(targets) == 0 {
		return 0
	}
	return slices.MinFunc(targets, func(a, b model.Target) int { return a.Priority - b.Priority }).Priority
}

// standby describes a target of a tier that is not published.
func standby(t model.Target) model.TargetStatus {
	return model.TargetStatus{
		Name:      t.Name,
		Priority:  t.Priority,
		Where:     where(t),
		Addresses: t.Addresses,
		Reason:    ReasonStandby,
		Message:   "a target of a better tier is published",
	}
}

// refused describes a target of which nothing may be published.
func refused(t model.Target) model.TargetStatus {
	return model.TargetStatus{
		Name: t.Name, Priority: t.Priority, Where: where(t), Reason: t.Refusal.Reason, Message: t.Refusal.Message,
	}
}

// unique drops endpoints whose address, hostname and ports stand already, so
// that two targets with one address take one share of the load.
func unique(endpoints []model.Endpoint) []model.Endpoint {
	type id struct {
		addr     netip.Addr
		hostname string
	}
	seen := make(map[id][]int, len(endpoints))
	kept := endpoints[:0:0]
	for _, e := range endpoints {
		k := id{e.Addr, e.Hostname}
		same := slices.IndexFunc(seen[k], func(i int) bool { return slices.Equal(kept[i].Ports, e.Ports) })
		if same >= 0 {
			i := seen[k][same]
			kept[i].Ready = kept[i].Ready || e.Ready
			continue
		}
		seen[k] = append(seen[k], len(kept))
		kept = append(kept, e)
	}
	return kept
}
