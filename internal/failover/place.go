package failover

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// place is where a target lives, and what is held of it.
type place struct {
	target *model.Target
	status model.TargetStatus
	// reason and message are those of its name; what probes say comes on top.
	reason, message string
	// looking says that the first lookup of one of its names is under way.
	looking bool
	// idle says that nobody has asked where it lives.
	idle bool
	// candidates are its endpoints, which may be published.
	candidates []candidate
	// external is the name of a service of type ExternalName.
	external *model.External
	// given are the endpoints that records gave, gone the families of which it is
	// believed that there is none any more.
	given []model.Given
	gone  families

	forbidden Forbidden
	decision  *model.Decision
	// hostname is that of every endpoint; empty for services that have none.
	hostname string
	// leftOut are the addresses that may not be published, and why.
	leftOut []string
	// stays says that addresses from before are among the candidates, unsure that
	// nothing is known of its name, or of the hosts that its SRV records name.
	stays, unsure bool
}

// candidate is an endpoint that may be published.
type candidate struct {
	model.Endpoint
	// check is how it is probed; its port is 0 where it cannot be.
	check  model.Check
	health model.Health
	// name is the host's, for TLS.
	name string
	// former says that DNS gives it no more, unready that its manifest or its own
	// Service says that it is not ready.
	former, unready bool
}

func (r *resolver) place(t *model.Target) *place {
	p := &place{
		target: t, decision: r.decision, forbidden: r.in.Forbidden,
		status: model.TargetStatus{Name: t.Name, Priority: t.Priority, Where: where(*t)},
	}
	if r.in.Service.Type == model.Headless && !t.Unnamed {
		p.hostname = t.Name
	}
	return p
}

// describe takes a finding over, unless what was found before matters more.
func (p *place) describe(f finding) {
	if !f.at.IsZero() {
		p.status.ResolvedAt = f.at
	}
	if p.reason != "" && rank(f.reason) <= rank(p.reason) {
		return
	}
	p.reason, p.message = f.reason, f.message
}

// resolved adds one endpoint for each address that records give.
func (p *place) resolved(f finding, name string, ports []model.EndpointPort) {
	p.gone, p.looking = p.gone.and(f.gone), p.looking || f.looking
	for _, a := range f.addrs {
		e := model.Endpoint{Addr: a, Hostname: p.hostname, Ready: true, Ports: ports}
		if p.add(e, name) != nil {
			p.given = append(p.given, model.Given{Endpoint: e, Host: name})
		}
	}
}

// kept adds what stood before.
func (p *place) kept(standing []model.Endpoint, name string) {
	for _, e := range standing {
		e.Hostname = p.hostname
		p.stays = p.add(e, name) != nil || p.stays
		p.decision.Settled = false
	}
}

// add takes an endpoint that may be one; nil is returned for one that may not.
func (p *place) add(e model.Endpoint, name string) *candidate {
	if why := p.forbidden.why(e.Addr); why != "" {
		if out := e.Addr.String() + " is left out: " + why; !slices.Contains(p.leftOut, out) {
			p.leftOut = append(p.leftOut, out)
		}
		return nil
	}
	e.Target = p.status.Name
	p.candidates = append(p.candidates, candidate{Endpoint: e, name: name})
	return &p.candidates[len(p.candidates)-1]
}

// maxLeftOut is how many addresses a message names.
const maxLeftOut = 3

// end closes the list of what was found.
func (p *place) end() {
	out := p.leftOut
	if len(out) == 0 {
		return
	}
	if more := len(out) - maxLeftOut; more > 0 {
		out = append(slices.Clone(out[:maxLeftOut]), fmt.Sprintf("and %d more", more))
	}
	p.reason, p.message = ReasonForbidden, strings.Join(out, "; ")
	if p.stays {
		p.message += "; the addresses from before stay"
	}
}

// addresses are those of the candidates, each once.
func (p *place) addresses() []netip.Addr {
	if p.idle || p.external != nil {
		return p.status.Addresses
	}
	var all []netip.Addr
	seen := make(map[netip.Addr]struct{}, len(p.candidates))
	for i := range p.candidates {
		a := p.candidates[i].Addr
		if _, twice := seen[a]; !twice {
			seen[a] = struct{}{}
			all = append(all, a)
		}
	}
	return all
}

// pending reports whether the first lookup is under way of what it may live at.
func (p *place) pending() bool {
	return p.reason == ReasonPending || p.looking && len(p.candidates) == 0
}

// publishable reports whether there is anything to publish.
func (p *place) publishable() bool { return len(p.candidates) > 0 || p.external != nil }

// where is the target in a person's words.
func where(t model.Target) string {
	switch {
	case t.Hostname != "":
		return t.Hostname
	case t.SRV != "":
		return t.SRV
	case t.Service != nil:
		return "service " + t.Service.String()
	}
	var all []string
	for _, a := range t.Addresses {
		all = append(all, a.String())
	}
	for _, e := range t.Endpoints {
		all = append(all, e.Addr.String())
	}
	return strings.Join(all, ", ")
}

// lookAgain has the service decided anew at that time.
func lookAgain(d *model.Decision, at time.Time) {
	if d.Next.IsZero() || at.Before(d.Next) {
		d.Next = at
	}
}
