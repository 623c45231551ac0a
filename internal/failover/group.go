package failover

import (
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// group is targets that are published together: those of a tier, or of a service of
// type ExternalName one, since a name has one CNAME (RFC 1034 section 3.6.2).
type group struct {
	priority int
	places   []*place
	// up, down and unjudged count endpoints, one that stands in two targets once.
	up, down, unjudged int
	// steady counts those that are up, have not failed since they answered last, and can
	// be asked.
	steady int
	// pending says that the first lookup of a name is under way, and looking that of a
	// family of one; unknown that it has failed while the name is what is published, and
	// nothing was known of it before: its clients may know better.
	pending, looking, unknown bool
	// silent are those that are down and have not themselves said so.
	silent []*candidate
	// failed is when the last of those that are down began to fail.
	failed time.Time
	rank   standing
}

// standing ranks groups by what can be expected of them.
type standing int

// From nothing to be expected, to the best.
const (
	nowhere  standing = iota // no endpoint is known
	isDown                   // all are down
	partly                   // some are up, or may be, and fewer than minimumReady
	possibly                 // as many may be up
	isUp                     // as many are
)

// grouped are the groups in the order of preference.
func grouped(in Input, places []*place) []*group {
	var all []*group
	for _, p := range places {
		if p.idle || p.target.Refusal != nil {
			continue
		}
		at := slices.IndexFunc(all, func(g *group) bool { return g.priority == p.target.Priority })
		if at < 0 || in.Service.Type == model.ExternalName {
			all = append(all, &group{priority: p.target.Priority})
			at = len(all) - 1
		}
		all[at].places = append(all[at].places, p)
	}
	slices.SortStableFunc(all, func(a, b *group) int { return a.priority - b.priority })
	for _, g := range all {
		g.count(max(1, in.Service.Failover.MinimumReady))
	}
	return all
}

func (g *group) count(minimum int) {
	for _, c := range g.endpoints() {
		g.countOne(c)
	}
	for _, p := range g.places {
		g.pending, g.looking = g.pending || p.pending(), g.looking || p.looking
		if p.external != nil && len(p.candidates) == 0 && p.reason == ReasonFixed {
			g.unjudged++ // a name that is resolved where it is served
		}
		if p.external != nil && len(p.candidates) == 0 && p.reason == ReasonLookupFailed && p.unsure {
			g.unknown = true
		}
	}
	switch {
	case g.up >= minimum:
		g.rank = isUp
	case g.up+g.unjudged >= minimum, g.pending, g.looking && g.up+g.unjudged > 0:
		g.rank = possibly
	case g.up+g.unjudged > 0:
		g.rank = partly
	case g.down > 0:
		g.rank = isDown
	}
}

func (g *group) countOne(c *candidate) {
	switch c.verdict() {
	case model.Up:
		g.up++
		if c.health.Failures == 0 && !c.unaskable() {
			g.steady++
		}
	case model.Down:
		g.down++
		g.failed = latest(g.failed, c.health.FailingSince)
		if !c.certain() {
			g.silent = append(g.silent, c)
		}
	default:
		g.unjudged++
	}
}

// known is what can be expected of a group, by the endpoints that are known.
func (g *group) known() standing {
	if g.up+g.down+g.unjudged == 0 {
		return nowhere
	}
	return g.rank
}

// endpoints are those of all its targets, each once.
func (g *group) endpoints() []*candidate {
	seen := map[model.Check]struct{}{}
	var all []*candidate
	for _, p := range g.places {
		for i := range p.candidates {
			c := &p.candidates[i]
			if _, twice := seen[c.check]; twice && c.check.Addr.Port() != 0 {
				continue
			}
			seen[c.check] = struct{}{}
			all = append(all, c)
		}
	}
	return all
}

// names are those of the targets.
func (g *group) names() []string {
	if g == nil {
		return nil
	}
	var all []string
	for _, p := range g.places {
		all = append(all, p.status.Name)
	}
	return all
}

func (g *group) has(target string) bool {
	return slices.ContainsFunc(g.places, func(p *place) bool { return p.status.Name == target })
}
