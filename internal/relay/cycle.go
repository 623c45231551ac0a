package relay

import "slices"

// breakCycles takes out the endpoints through which a connection would come back
// to a virtual IP that it has passed: it would go round until all files are used
// up, and every other service would suffer. Virtual IPs may well be endpoints of
// each other otherwise.
func (p *plan) breakCycles() {
	c := cycles{plan: p, states: make(map[slot]state)}
	for _, w := range p.order {
		c.walk(w)
	}
	if !c.broke {
		return
	}
	order := p.order[:0]
	for _, w := range p.order {
		if w = p.wanted[w.at]; len(w.endpoints) > 0 {
			order = append(order, w)
		} else {
			delete(p.wanted, w.at)
		}
	}
	p.order = order
}

// cycles is a walk along the endpoints that are virtual IPs themselves.
type cycles struct {
	plan   *plan
	states map[slot]state // of the places that have such endpoints
	broke  bool
}

type state int

const (
	unseen state = iota
	onPath
	done
)

func (c *cycles) walk(w *want) {
	if c.states[w.at] != unseen || !slices.ContainsFunc(w.endpoints, func(to destination) bool { return c.next(w, to) != nil }) {
		return
	}
	c.states[w.at] = onPath
	var without []destination // the endpoints that do not lead back
	for _, to := range w.endpoints {
		next := c.next(w, to)
		if next != nil {
			c.walk(next)
		}
		if next != nil && c.states[next.at] == onPath {
			c.plan.faults.loop(w, next)
			continue
		}
		without = append(without, to)
	}
	c.states[w.at] = done
	if len(without) < len(w.endpoints) {
		broken := *w
		broken.endpoints = without
		c.plan.wanted[w.at] = &broken
		c.broke = true
	}
}

// next is what listens at an endpoint of w, if anything here does.
func (c *cycles) next(w *want, to destination) *want {
	return c.plan.wanted[slot{to.addr, w.at.protocol}]
}
