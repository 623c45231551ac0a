package failover

import (
	"net/netip"
	"slices"

	"fairlead.dev/internal/model"
)

// judge says what is held of each endpoint, and which ones must be probed for the
// decision to stay true: those of all tiers, for one that stands by has to be known
// to be up before it is needed.
func judge(in Input, d *model.Decision, places []*place) {
	if !watched(&in.Service) {
		return
	}
	seen := map[model.Check]struct{}{}
	for _, p := range places {
		for i := range p.candidates {
			c := &p.candidates[i]
			c.check = checkOf(in.Service.Probe, c)
			if c.check.Addr.Port() == 0 {
				continue
			}
			if in.Health != nil {
				c.health = in.Health(c.check)
			}
			if _, twice := seen[c.check]; !twice {
				seen[c.check] = struct{}{}
				d.Checks = append(d.Checks, c.check)
			}
		}
		p.releaseFormer()
	}
}

// checkOf is how an endpoint is probed. Its port is 0 if it has none to be probed
// at.
func checkOf(p *model.Probe, c *candidate) model.Check {
	port := p.Port
	if at := slices.IndexFunc(c.Ports, func(p model.EndpointPort) bool { return p.Protocol == model.TCP }); port == 0 && at >= 0 {
		port = c.Ports[at].Port
	}
	return model.Check{Addr: netip.AddrPortFrom(c.Addr, port), Name: c.name}
}

// certain reports whether it is down because it, or who keeps it, says so: then there
// is nothing to prove.
func (c *candidate) certain() bool { return c.unready || c.health.Certain }

// outlives reports whether an endpoint is up while another one is silent, and it is
// not the prober who is cut off, or was: it has answered since the other one fell
// silent, and the other one has failed since it answers.
func (c *candidate) outlives(silent *candidate) bool {
	return c.verdict() == model.Up && !c.health.SuccessAt.Before(silent.health.FailingSince) &&
		!silent.health.FailedAt.Before(c.health.SucceedingSince)
}

// outlivesAll reports whether an endpoint outlives others, and whether that is known:
// it does not if it is not up, nor if its answer is missing and it has failed since, or
// cannot be asked. The failure of a silent one may always be next.
func (c *candidate) outlivesAll(silent []*candidate) (outlives, known bool) {
	if c.verdict() != model.Up {
		return false, true
	}
	outlives = true
	for _, s := range silent {
		outlives = outlives && c.outlives(s)
		asked := c.health.Failures > 0 && !c.health.FailedAt.Before(s.health.FailingSince) || c.unaskable()
		known = known || asked && c.health.SuccessAt.Before(s.health.FailingSince)
	}
	return outlives, outlives || known
}

// unaskable reports whether the prober has not been able to ask the endpoint for a
// while.
func (c *candidate) unaskable() bool { return c.health.UnaskedReason != "" }

// verdict is what is held of the endpoint. One that its manifest or its own Service
// says is not ready is down.
func (c *candidate) verdict() model.Verdict {
	if c.unready {
		return model.Down
	}
	return c.health.Verdict
}
