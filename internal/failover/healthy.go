package failover

import (
	"fmt"
	"strings"

	"fairlead.dev/internal/model"
)

// explain is the target's status. What its name says matters more than what probes
// say, unless that is all well.
func (p *place) explain(svc *model.Service) model.TargetStatus {
	s := p.status
	s.Addresses = p.addresses()
	s.Reason, s.Message = p.reason, p.message
	if !watched(svc) || p.idle || p.target.Refusal != nil {
		return s
	}
	s.Checks = p.checks()
	if rank(p.reason) > 0 || len(p.candidates) == 0 {
		return s
	}
	alone := &group{places: []*place{p}}
	alone.count(1)
	switch {
	case alone.rank == isDown:
		s.Reason, s.Message = ReasonTargetDown, alone.trouble()
	case !s.Active:
		s.Reason, s.Message = ReasonStandby, fmt.Sprintf("it stands by; %d of %d endpoints are up", alone.up, len(p.candidates))
	}
	return s
}

// checks are what probes say of each endpoint.
func (p *place) checks() []model.CheckStatus {
	all := make([]model.CheckStatus, 0, len(p.candidates))
	for i := range p.candidates {
		c := &p.candidates[i]
		s := model.CheckStatus{Addr: c.check.Addr, Verdict: c.verdict(), Since: c.health.Since, Reason: c.health.Reason, Message: c.health.Detail}
		if c.unready {
			s.Reason, s.Message = ReasonNoReadyEndpoints, "its own Service or manifest says that it is not ready"
		}
		if s.Message == "" {
			s.Message = c.health.Warning
		}
		if c.unaskable() && !c.unready {
			s.Reason, s.Message = notAsked(s, &c.health)
		}
		all = append(all, s)
	}
	return all
}

// notAsked adds to what is held of an endpoint that it cannot be asked any more. Why
// it is down goes first.
func notAsked(s model.CheckStatus, h *model.Health) (reason, message string) {
	if s.Verdict == model.Down {
		return s.Reason, s.Message + "; " + h.UnaskedDetail
	}
	return h.UnaskedReason, h.UnaskedDetail
}

// unaskable is the first endpoint of a group that cannot be asked; nil if all can.
func (g *group) unaskable() *candidate {
	for _, c := range g.endpoints() {
		if c.unaskable() {
			return c
		}
	}
	return nil
}

// maxTrouble is how many endpoints a message names.
const maxTrouble = 2

// trouble says what is wrong with a group, in one line.
func (g *group) trouble() string {
	var all []string
	for _, p := range g.places {
		for _, s := range p.checks() {
			if s.Verdict == model.Down {
				all = append(all, p.status.Name+": "+s.Message)
			}
		}
	}
	switch more := len(all) - maxTrouble; {
	case len(all) == 0 && len(g.places) > 0:
		return fmt.Sprintf("%s: %s", g.places[0].status.Name, g.places[0].message)
	case more > 0:
		all = append(all[:maxTrouble], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, "; ")
}

// healthyCondition says whether what is published passes its probe, and what is
// amiss beside it.
func healthyCondition(svc *model.Service, d *model.Decision, places []*place) model.Condition {
	c := model.Condition{Type: model.Healthy}
	g := &group{}
	for _, p := range places {
		if p.status.Active {
			g.places = append(g.places, p)
		}
	}
	g.count(1)
	switch all := g.up + g.down + g.unjudged; {
	case g.up > 0:
		c.Status, c.Reason = true, ReasonProbesPass
		c.Message = fmt.Sprintf("%d of %d endpoints are up", g.up, all) + beside(svc, d, g)
	case g.unjudged > 0 && g.unaskable() != nil:
		h := g.unaskable().health
		c.Reason, c.Message = h.UnaskedReason, h.UnaskedDetail
	case g.unjudged > 0:
		c.Reason, c.Message = ReasonUnjudged, "the first probes are under way"
	case g.down > 0:
		c.Reason, c.Message = ReasonAllDown, g.trouble()+fate(svc)
	default:
		c.Reason, c.Message = ReasonNoEndpoints, "there is no endpoint to probe"
	}
	return c
}

// fate is what becomes of endpoints while all are down.
func fate(svc *model.Service) string {
	if svc.Failover.Withdraw {
		return "; none is published as ready (whenAllDown: Withdraw)"
	}
	return "; the last ones stay published"
}

// beside says what a person should know although all is well.
func beside(svc *model.Service, d *model.Decision, g *group) string {
	s := ""
	if best := bestTier(svc.Targets); d.Priority != best {
		s = fmt.Sprintf("; priority %d serves", d.Priority)
	}
	if d.State.Pinned != "" {
		s += "; " + pinWords(svc.Pin)
	}
	if svc.Probe.Exclusive() && g.up > 1 {
		s += fmt.Sprintf("; %d claim to be the primary: the one that was stays", g.up)
	}
	if c := g.unaskable(); c != nil {
		return s + "; " + c.health.UnaskedDetail + "; what was held before that is taken to be so"
	}
	for _, p := range g.places {
		for i := range p.candidates {
			if w := p.candidates[i].health.Warning; w != "" {
				return s + "; " + w
			}
		}
	}
	return s
}
