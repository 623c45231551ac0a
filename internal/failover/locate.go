package failover

import (
	"math"
	"slices"

	"fairlead.dev/internal/model"
)

// locate finds out where each target lives that may be published, in the order of
// the targets.
func locate(in Input, d *model.Decision) []*place {
	standing := in.Standing
	in.Standing = nil
	found := model.Decision{Settled: true}
	places := locateAll(in, &found)
	switch {
	case in.Service.Type == model.ExternalName || len(standing) == 0:
	case len(in.Service.Targets) == 0:
		// Nothing was followed yet: what stands is for the spec that will be.
		found.Settled = in.Service.Refusal == nil
	default:
		in.Standing = remaining(in, standing, places)
		found = model.Decision{Settled: true}
		places = locateAll(in, &found)
	}
	d.Settled, d.Questions, d.Next = found.Settled, found.Questions, found.Next
	return places
}

func locateAll(in Input, d *model.Decision) []*place {
	r := resolver{in: in, decision: d, tier: standingTier(in)}
	places := make([]*place, 0, len(in.Service.Targets))
	named := false
	for i := range in.Service.Targets {
		t := &in.Service.Targets[i]
		p := r.place(t)
		switch {
		case t.Refusal != nil:
			p.reason, p.message = t.Refusal.Reason, t.Refusal.Message
		case !wanted(in, t):
			p.reason, p.message = ReasonStandby, betterTier
			p.status.Addresses = t.Addresses
			p.idle = true
		case in.Service.Type == model.ExternalName && t.Hostname == "":
			p.reason, p.message = ReasonStandby, "a CNAME needs a hostname"
			p.idle = true
		case in.Service.Type == model.ExternalName && named && !watched(&in.Service) && !pinned(in, t):
			p.reason, p.message = ReasonStandby, "a name has one CNAME: an earlier target of this tier has it"
			p.idle = true
		case in.Service.Type == model.ExternalName:
			named = true
			r.external(t, p)
		default:
			r.target(t, p)
		}
		places = append(places, p)
	}
	return places
}

const betterTier = "a target of a better tier is published"

// wanted reports whether it matters where the target lives: it may be published,
// or may have to take over.
func wanted(in Input, t *model.Target) bool {
	return watched(&in.Service) || t.Priority == bestTier(in.Service.Targets) || pinned(in, t)
}

func pinned(in Input, t *model.Target) bool {
	return in.Service.Pin != nil && in.Service.Pin.Target == t.Name
}

// bestTier returns the lowest priority among the targets.
func bestTier(targets []model.Target) int {
	if len(targets) == 0 {
		return 0
	}
	best := math.MaxInt
	for i := range targets {
		best = min(best, targets[i].Priority)
	}
	return best
}

// standingTier is the priority of the tier that what stands belongs to, where
// nobody knows whose it is.
func standingTier(in Input) int {
	if t := stillActive(in); watched(&in.Service) && t != nil {
		return t.Priority
	}
	return bestTier(in.Service.Targets)
}

// stillActive is a target of the present spec that the decision before this one
// has published; nil if there is none.
func stillActive(in Input) *model.Target {
	if !in.State.Decided {
		return nil
	}
	for i := range in.Service.Targets {
		if t := &in.Service.Targets[i]; slices.Contains(in.State.Active, t.Name) {
			return t
		}
	}
	return nil
}
