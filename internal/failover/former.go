package failover

import (
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// maxFormer is how many endpoints of one service are remembered that DNS gives no
// more; the latest ones are.
const maxFormer = 1024

// former adds to the places what DNS gave before and gives no more, as long as that
// counts: all of it for retain, and with a probe for missingGrace what is up while
// nothing that DNS gives is; and where an SRV name leads to other hosts, until one of
// them is known. It returns what the next decision has to remember.
func former(in Input, d *model.Decision, places []*place) []model.Former {
	keep := in.Service.Resolution.Retain
	if watched(&in.Service) {
		keep = max(keep, in.Service.Resolution.MissingGrace)
	}
	unsure := slices.ContainsFunc(places, func(p *place) bool { return p.unsure })
	if keep <= 0 && !unsure || in.Service.Type == model.ExternalName {
		return nil
	}
	var all []model.Former
	for _, p := range places {
		all = append(all, p.former(in, d, keep)...)
	}
	if len(all) > maxFormer {
		slices.SortStableFunc(all, func(a, b model.Former) int { return b.Gone.Compare(a.Gone) })
		all = all[:maxFormer]
	}
	return all
}

// former returns what is remembered of one target, and adds it to the place.
func (p *place) former(in Input, d *model.Decision, keep time.Duration) []model.Former {
	if p.idle || p.target.Refusal != nil {
		return nil
	}
	of, r := p.key(), &resolver{in: in}
	var all []model.Former
	for _, f := range in.State.Former {
		if f.Of == of {
			all = append(all, f)
		}
	}
	for _, g := range in.State.Given[of] {
		if !slices.ContainsFunc(all, func(f model.Former) bool { return same(f.Given, g) }) {
			all = append(all, model.Former{Given: g, Of: of, Gone: in.Now})
		}
	}
	all = r.atPresent(p.target, all)
	all = slices.DeleteFunc(all, func(f model.Former) bool {
		given := slices.ContainsFunc(p.given, func(g model.Given) bool { return same(f.Given, g) })
		return given || !p.unsure && (p.gone.of(f.Endpoint.Addr) || !in.Now.Before(f.Gone.Add(keep)))
	})
	if p.unsure && len(all) > 0 {
		p.message += "; the addresses from before stay"
	}
	for _, f := range all {
		c := p.add(f.Endpoint, f.Host)
		if c == nil || p.unsure {
			continue
		}
		retained := f.Gone.Add(in.Service.Resolution.Retain)
		c.former = !in.Now.Before(retained)
		if !c.former {
			lookAgain(d, retained)
		}
		lookAgain(d, f.Gone.Add(keep))
	}
	return all
}

// atPresent has former endpoints serve where the spec says now: an edit of a port is
// no reason to forget an address. The ports of SRV records are DNS's own, and cannot be
// worked out anew.
func (r *resolver) atPresent(t *model.Target, all []model.Former) []model.Former {
	if t.SRV != "" {
		return slices.DeleteFunc(all, func(f model.Former) bool {
			_, ok := r.inOrder(f.Endpoint.Ports)
			return !ok
		})
	}
	ports := r.ports(0)
	for i := range all {
		all[i].Endpoint.Ports = ports
	}
	return all
}

// key names the target together with where it is, so that an edit forgets.
func (p *place) key() string { return p.status.Name + " " + p.status.Where }

// same reports whether two endpoints are one.
func same(a, b model.Given) bool {
	return a.Endpoint.Addr == b.Endpoint.Addr && slices.Equal(a.Endpoint.Ports, b.Endpoint.Ports)
}

// releaseFormer takes what DNS gives no more out of a place, unless it is up and
// nothing else there is.
func (p *place) releaseFormer() {
	up := slices.ContainsFunc(p.candidates, func(c candidate) bool { return !c.former && c.health.Verdict == model.Up })
	p.candidates = slices.DeleteFunc(p.candidates, func(c candidate) bool {
		return c.former && (up || c.health.Verdict != model.Up)
	})
}
