package failover

import (
	"fmt"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// choose sets which targets are published, and writes down a move.
func choose(in Input, d *model.Decision, places []*place) {
	groups := grouped(in, places)
	d.State.UpSince = upSince(in, groups)
	d.Priority = bestTier(in.Service.Targets)
	c := chooser{in: in, d: d, groups: groups}
	to, why := c.choose()
	if to == nil {
		d.History = in.State.History
		return
	}
	d.Priority, d.Active = to.priority, to.names()
	for _, p := range to.places {
		p.status.Active = true
	}
	c.move(to, why)
}

// upSince is since when each tier has been up without a break.
func upSince(in Input, groups []*group) map[int]time.Time {
	if !watched(&in.Service) || len(groups) < 2 {
		return nil
	}
	since := map[int]time.Time{}
	for _, g := range groups {
		if g.rank != isUp {
			continue
		}
		at, was := in.State.UpSince[g.priority]
		if !was || at.After(in.Now) { // the clock was set back
			at = in.Now
		}
		if first, twice := since[g.priority]; !twice || at.Before(first) {
			since[g.priority] = at
		}
	}
	return since
}

// reason is why a group is published.
type reason struct {
	reason, message string
	took            time.Duration
}

// chooser chooses among groups.
type chooser struct {
	in     Input
	d      *model.Decision
	groups []*group
}

func (c *chooser) choose() (*group, reason) {
	if len(c.groups) == 0 {
		return nil, reason{}
	}
	if g, why := c.pinned(); g != nil {
		return g, why
	}
	if !watched(&c.in.Service) {
		if c.groups[0].priority != bestTier(c.in.Service.Targets) {
			return nil, reason{} // its targets are refused, and it does not give way
		}
		return c.groups[0], reason{ReasonEdited, "it is the best tier now", 0}
	}
	from := c.present()
	if from == nil {
		return c.first()
	}
	if from.rank >= possibly {
		return c.failback(from)
	}
	return c.failover(from)
}

// pinned is the group of the pinned target alone; nil if there is no pin, or
// nothing to publish of it.
func (c *chooser) pinned() (*group, reason) {
	pin := c.in.Service.Pin
	if pin == nil {
		return nil, reason{}
	}
	for _, g := range c.groups {
		for _, p := range g.places {
			if p.status.Name != pin.Target || len(p.candidates) == 0 && p.external == nil && p.reason != ReasonPending {
				continue
			}
			alone := &group{priority: g.priority, places: []*place{p}}
			alone.count(1)
			return alone, reason{ReasonPinned, pinWords(pin), 0}
		}
	}
	return nil, reason{}
}

func pinWords(pin *model.Pin) string {
	s := pin.Target + " is pinned"
	if pin.By != "" {
		s += " by " + pin.By
	}
	if pin.Reason != "" {
		s += ": " + pin.Reason
	}
	return s
}

// present is the group that is published now; nil if there is none any more.
func (c *chooser) present() *group {
	t := stillActive(c.in)
	if t == nil {
		return nil
	}
	for _, g := range c.groups {
		if g.has(t.Name) {
			return g
		}
	}
	return nil
}

// first is the best one of those of which most can be expected.
func (c *chooser) first() (*group, reason) {
	best := c.groups[0]
	for _, g := range c.groups[1:] {
		if min(g.rank, possibly) > min(best.rank, possibly) {
			best = g
		}
	}
	message := "it is the best tier"
	if best != c.groups[0] {
		message = c.groups[0].trouble()
	}
	return best, reason{ReasonStarted, message, 0}
}

// failback moves to a better tier that has been up for long enough.
func (c *chooser) failback(from *group) (*group, reason) {
	f := &c.in.Service.Failover
	for _, g := range c.groups {
		if g.priority >= from.priority || f.ManualFailback {
			break
		}
		if g.rank != isUp {
			continue
		}
		since := c.d.State.UpSince[g.priority]
		if at := since.Add(f.FailbackDelay); c.in.Now.Before(at) {
			lookAgain(c.d, at)
			continue
		}
		message := fmt.Sprintf("priority %d (%s) has been up since %s", g.priority, strings.Join(g.names(), ", "), instant(since))
		return g, reason{ReasonFailback, message, 0}
	}
	return from, reason{ReasonEdited, "its targets are others now", 0}
}

// failover moves away from a tier that is not up, to one that is better off and
// has answered since.
func (c *chooser) failover(from *group) (*group, reason) {
	best, expected := from, from.rank
	for _, g := range c.groups {
		if g == from || g.rank <= from.rank {
			continue
		}
		rank := c.confirmed(g, from)
		if rank > expected {
			best, expected = g, rank
		}
	}
	if best == from {
		return from, reason{ReasonEdited, "its targets are others now", 0}
	}
	why := reason{reason: ReasonTierDown, message: from.trouble()}
	if !from.failed.IsZero() {
		why.took = max(0, c.in.Now.Sub(from.failed))
	}
	return best, why
}

// confirmed is what can be expected of a group by what was heard of it since the
// other one fell silent. What was not is asked at once.
func (c *chooser) confirmed(g, from *group) standing {
	if from.silent.IsZero() {
		return g.rank // nothing fell silent
	}
	c.urge(g, from.silent)
	switch heard := g.heard(from.silent); {
	case heard >= max(1, c.in.Service.Failover.MinimumReady):
		return isUp
	case heard > 0:
		return partly
	}
	return nowhere
}

// urge has endpoints of a group probed at once that were not heard since.
func (c *chooser) urge(g *group, since time.Time) {
	for _, p := range g.places {
		for i := range p.candidates {
			e := &p.candidates[i]
			if e.verdict() == model.Up && e.health.SuccessAt.Before(since) {
				urge(c.d, e.check, since)
			}
		}
	}
}
