package engine

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// simRule is something that must never be otherwise. It returns what is wrong, in
// words; empty if nothing is.
type simRule struct {
	name string
	find func(*simView) string
}

// simRules are the invariants of the design, as far as one moment shows them, and
// what follows from them.
func simRules() []simRule {
	return []simRule{
		{"a failed lookup removes nothing; NXDOMAIN counts after missingGrace", (*simView).lost},
		{"what DNS gives no more does not stay for longer than it may", (*simView).overstayed},
		{"a name that flickers moves nobody; addresses that rotate are retained", (*simView).dropped},
		{"a forbidden address is never published", (*simView).forbidden},
		{"all endpoints of all tiers are probed, and the status says what probes say", (*simView).unwatched},
		{"a published set never becomes empty while an address is known", (*simView).emptied},
		{"what is up takes traffic", (*simView).idle},
		{"what is known to be down takes none while another is up", (*simView).dead},
		{"one primary at most, and the one that is stays", (*simView).bounced},
		{"whenAllDown: KeepLast keeps, Withdraw withdraws", (*simView).allDown},
		{"a tier is left for a reason", (*simView).left1},
		{"a tier that is down is left", (*simView).stuck},
		{"a pin is followed", (*simView).unpinned},
		{"every move is in the history, and nothing else", (*simView).untold},
		{"a CNAME leads to the active target", (*simView).astray},
		{"a restart changes nothing that is published", (*simView).restarted},
		{"probes find out", (*simView).unaware},
	}
}

// check looks at every service that something has happened to.
func (s *sim) check() {
	l := s.ledger
	core := s.process.engine.core
	for _, w := range s.wishes {
		r := core.services[w.service.Key]
		if r == nil || r.published == nil {
			delete(l.services, w.service.Key)
			continue
		}
		k := l.known(w.service.Key)
		decided := k.before == nil || k.revision != r.published.Revision || k.decided != r.published
		if !decided && !k.dirty && (k.next == 0 || s.process.decided < k.next) && !s.plan.thorough {
			continue
		}
		l.edits = l.edits || k.before == nil || !slices.Equal(k.before.Questions, r.decision.Questions)
		s.look(k, r)
	}
	if l.edits {
		l.edits = false
		l.rebound()
	}
	s.forget()
	s.calm.check(s)
}

// look holds one service against all rules.
func (s *sim) look(k *simKnown, r *record) {
	k.next, k.dirty = 0, false
	v := s.ledger.view(r)
	v.follow()
	if k.revision != r.published.Revision {
		s.tell("%s: %s", r.service.Key.Name, words(&r.decision))
	}
	for _, rule := range s.rules {
		if wrong := rule.find(v); wrong != "" {
			s.breach("%s: %s\n  of service %s: %s", rule.name, wrong, r.service.Key.Name, words(&r.decision))
		}
	}
	k.follow(r)
	d := r.decision
	k.targets = r.service.Targets
	k.before, k.generation, k.revision, k.decided = &d, r.service.Origin.Generation, r.published.Revision, r.published
}

// follow forgets the endpoints that are not probed any more, as the engine does.
func (k *simKnown) follow(r *record) {
	for check := range k.health {
		if r.watches[check] == nil {
			delete(k.health, check)
		}
	}
}

// forget drops the answers that nobody wants any more, as the engine does: not that a
// lookup is under way.
func (s *sim) forget() {
	for q, a := range s.ledger.answers {
		switch {
		case s.process.engine.core.questions[q] != nil:
		case a.asking:
			s.ledger.answers[q] = &simAnswer{asking: true, asked: a.asked}
		default:
			delete(s.ledger.answers, q)
		}
	}
}

// stood notes what stood when the service was edited, or a process began.
func (v *simView) stood() {
	k := v.known
	if k.before != nil && !reflect.DeepEqual(k.targets, v.svc.Targets) && len(k.before.Endpoints) > 0 {
		for _, e := range k.before.Endpoints {
			k.stand(e)
		}
		k.stoodAt = v.now
	}
	if k.before == nil {
		for _, e := range k.found {
			k.stand(e)
		}
	}
}

// stand notes an endpoint that stood: one of two targets is anybody's.
func (k *simKnown) stand(e model.Endpoint) {
	of, twice := k.standing[e.Addr]
	if twice && of != e.Target {
		e.Target = ""
	}
	k.standing[e.Addr] = e.Target
}

// follow notes what has changed since the service was looked at last.
func (v *simView) follow() {
	k := v.known
	maps.DeleteFunc(k.given, func(of targetKey, _ []netip.Addr) bool { return !v.has(of) })
	maps.DeleteFunc(k.left, func(a simAddr, _ simLeft) bool { return !v.has(a.of) })
	for _, t := range v.targets {
		v.followTarget(t)
	}
	if !v.open {
		clear(k.standing)
	}
	v.followTiers()
}

func (v *simView) has(of targetKey) bool {
	return slices.ContainsFunc(v.targets, func(t *simTarget) bool { return t.key == of })
}

// followTarget notes which addresses DNS gives no more.
func (v *simView) followTarget(t *simTarget) {
	k := v.known
	var given []netip.Addr
	for _, c := range t.cands {
		if c.given && t.Hostname+t.SRV != "" {
			given = append(given, c.at.Addr())
			delete(k.left, simAddr{t.key, c.at.Addr()})
		}
	}
	before, ever := k.given[t.key]
	if !slices.Equal(before, given) {
		k.changed = v.sim.at
	}
	for _, a := range before {
		if !slices.Contains(given, a) && (!t.lost(a) || t.unsure) {
			k.left[simAddr{t.key, a}] = simLeft{v.now, true}
		}
	}
	if !ever && t.answered {
		for a := range k.standing {
			if !slices.Contains(given, a) {
				k.left[simAddr{t.key, a}] = simLeft{v.now, false}
			}
		}
	}
	if ever || t.answered {
		k.given[t.key] = given
	}
	for addr, left := range k.left {
		if addr.of == t.key && !t.unsure && (v.now >= left.at+v.keep() || t.lost(addr.addr)) {
			delete(k.left, addr) // and neither an edit of retain nor records bring it back
		}
	}
}

// keep is for how long what DNS gives no more may stay.
func (v *simView) keep() time.Duration {
	if v.watched() {
		return max(v.svc.Resolution.Retain, v.svc.Resolution.MissingGrace)
	}
	return v.svc.Resolution.Retain
}

// lost reports whether it is believed that the target has no such addresses any more.
func (t *simTarget) lost(a netip.Addr) bool {
	if a.Is4() {
		return t.gone[model.A]
	}
	return t.gone[model.AAAA]
}

// followTiers notes since when each tier is up.
func (v *simView) followTiers() {
	k := v.known
	if v.svc.Probe == nil || len(v.groups) < 2 {
		clear(k.up)
		return
	}
	for prio := range k.up {
		if !slices.ContainsFunc(v.groups, func(g *simGroup) bool { return g.priority == prio && g.up >= v.least() }) {
			delete(k.up, prio)
		}
	}
	for _, g := range v.groups {
		since, was := k.up[g.priority]
		if g.up >= v.least() && !was {
			since = v.now
			k.up[g.priority] = since
		}
		v.due(g.up >= v.least(), since+v.svc.Failover.FailbackDelay)
	}
}

// trueSince is since when, by the simulation's clock, an endpoint and all between it
// and the process have been as they are.
func (v *simView) trueSince(c *simCand) time.Duration {
	w := v.sim.world
	at := max(v.sim.process.born, v.sim.ledger.disturbedAt, v.known.wish.edited, w.cutEnded)
	if h := w.host(c.at.Addr()); h != nil {
		at = max(at, h.changed)
	}
	if c.health == nil { // it was added just now
		return v.sim.at
	}
	return max(at, c.health.watched)
}
