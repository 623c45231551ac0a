package engine

import (
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// simKnown is what the ledger holds of a service.
type simKnown struct {
	wish   *simWish
	health map[model.Check]*simHealth
	// given are the addresses that DNS gave each target when it was last looked at, and
	// left those that it gave before.
	given map[targetKey][]netip.Addr
	left  map[simAddr]simLeft
	// changed is when what DNS gives did last, by the simulation's clock.
	changed time.Duration
	// edited is when the process was told of the service last, by its own clock.
	edited time.Duration
	// targets are those that it was looked at with last.
	targets []model.Target
	// found is what stood when the process was told of the service first, told that it
	// was.
	found []model.Endpoint
	told  bool
	// standing is what was published before an edit or a restart, each with its target
	// where that is known, and stoodAt since when.
	standing map[netip.Addr]string
	stoodAt  time.Duration
	// up is since when each tier has been up without a break.
	up map[int]time.Duration
	// before is the decision that was looked at last, made for that generation.
	before     *model.Decision
	decided    *model.Published
	generation int64
	revision   uint64
	// dirty says that something was heard since then, and next is when time alone may
	// have made a difference, by the monotonic clock.
	dirty bool
	next  time.Duration
}

// targetKey is a target with its name in DNS: an edit of either forgets.
type targetKey struct{ name, host string }

// simAddr is an address of a target.
type simAddr struct {
	of   targetKey
	addr netip.Addr
}

// simLeft is since when DNS gives an address no more. It is known to the process that
// it did, unless it only found it standing.
type simLeft struct {
	at    time.Duration
	given bool
}

func newKnown(w *simWish) *simKnown {
	return &simKnown{
		wish: w, health: map[model.Check]*simHealth{}, given: map[targetKey][]netip.Addr{}, left: map[simAddr]simLeft{},
		standing: map[netip.Addr]string{}, up: map[int]time.Duration{},
	}
}

// simView is a service as it is to be looked at: what was decided, beside what is
// known.
type simView struct {
	sim     *sim
	known   *simKnown
	svc     *model.Service
	d       *model.Decision
	now     time.Duration // of the monotonic clock
	targets []*simTarget
	groups  []*simGroup
	// open says that a name of the service has not been answered yet, so that what
	// stood before may stay.
	open bool
}

// simTarget is a target with the endpoints that it may have.
type simTarget struct {
	*model.Target
	key    targetKey
	status *model.TargetStatus
	cands  []*simCand
	// pending says that the first answer is out to what it lives at, looking that one is.
	pending, looking bool
	// unsure says that nothing is known of the hosts that its SRV records name.
	unsure bool
	// answered says that its name has, or had, records.
	answered bool
	// gone says that it is believed to have no addresses of any family any more.
	gone map[model.RecordType]bool
}

// simCand is an endpoint that a target has, has had, or claims to have.
type simCand struct {
	at   netip.AddrPort
	name string
	// given says that DNS or the spec gives it now; claimed that the decision counts
	// it.
	given, claimed bool
	health         *simHealth
}

func (c *simCand) verdict() model.Verdict {
	if c.health == nil {
		return model.Unjudged
	}
	return c.health.verdict
}

// simGroup is targets that are published together.
type simGroup struct {
	priority           int
	targets            []*simTarget
	cands              []*simCand
	up, down, unjudged int
	pending, looking   bool
	// silent are those that are down and have not said so themselves.
	silent []*simHealth
}

// view looks at a service.
func (l *ledger) view(r *record) *simView {
	v := &simView{sim: l.sim, known: l.known(r.service.Key), svc: &r.service, d: &r.decision, now: l.sim.process.decided}
	v.stood()
	for i := range v.svc.Targets {
		t := &simTarget{Target: &v.svc.Targets[i], status: &v.d.Targets[i], gone: map[model.RecordType]bool{}}
		t.key = targetKey{t.Name, t.Hostname + t.SRV}
		v.give(l, t)
		v.claim(t)
		// What stood before may be the rest of what it gives.
		t.pending = t.pending || t.looking && slices.ContainsFunc(t.cands, func(c *simCand) bool { return c.claimed && !c.given })
		t.unsure = t.unsure && !slices.ContainsFunc(t.cands, func(c *simCand) bool { return c.claimed && v.stands(t, c) })
		v.targets = append(v.targets, t)
	}
	v.group()
	return v
}

// stands reports whether an address was published before an edit or a restart, and may
// have been the target's: of the tier that was published it may be anybody's.
func (v *simView) stands(t *simTarget, c *simCand) bool {
	of, stood := v.known.standing[c.at.Addr()]
	tier := slices.MinFunc(v.svc.Targets, func(a, b model.Target) int { return a.Priority - b.Priority }).Priority
	switch {
	case !v.watched():
	case v.known.before == nil:
		tier = v.d.Priority
	case v.known.before != nil && slices.ContainsFunc(v.svc.Targets, func(o model.Target) bool { return slices.Contains(v.known.before.Active, o.Name) }):
		tier = v.known.before.Priority
	}
	others := slices.ContainsFunc(v.svc.Targets, func(o model.Target) bool { return o.Name == of && (o.Priority == tier || v.watched()) })
	return stood && (of == t.Name || t.Priority == tier && !others)
}

// give finds out what DNS, or the spec, gives a target.
func (v *simView) give(l *ledger, t *simTarget) {
	port := v.svc.Ports[0].TargetPort
	switch {
	case t.Hostname != "":
		t.looking = v.host(l, t, t.Hostname, port)
		t.pending = t.looking && len(t.cands) == 0
	case t.SRV != "":
		v.srv(l, t)
	default:
		for _, a := range t.Addresses {
			v.add(t, a, port, "")
		}
	}
}

// host adds the addresses of a name, and reports whether it is pending.
func (v *simView) host(l *ledger, t *simTarget, name string, port uint16) (pending bool) {
	for _, typ := range []model.RecordType{model.A, model.AAAA} {
		a := l.answers[model.Question{Name: name, Type: typ}]
		if a == nil || !a.heard {
			pending, v.open, t.unsure = true, true, t.SRV != ""
			continue
		}
		t.unsure = t.unsure || t.SRV != "" && !a.good && !a.believed(v.svc.Resolution.MissingGrace)
		believed := a.believed(v.svc.Resolution.MissingGrace)
		v.open = v.open || v.unsure(a)
		if believed {
			t.gone[typ] = true
		}
		if !a.good || believed {
			continue
		}
		t.answered = true
		for _, addr := range a.addrs {
			v.add(t, addr, port, name)
		}
	}
	return pending
}

// unsure reports whether nothing is known of a name, not even that it has no records.
// What stood before an edit is kept for missingGrace, whatever was known then.
func (v *simView) unsure(a *simAnswer) bool {
	grace := v.svc.Resolution.MissingGrace
	if a.good && !a.believed(grace) {
		return false
	}
	over := max(a.since, v.known.stoodAt) + grace
	v.due(a.missing, over)
	return !a.believed(grace) || v.now < over
}

func (v *simView) srv(l *ledger, t *simTarget) {
	a := l.answers[model.Question{Name: t.SRV, Type: model.SRV}]
	if a == nil || !a.heard {
		t.pending, v.open = true, true
		return
	}
	v.open = v.open || v.unsure(a)
	if a.believed(v.svc.Resolution.MissingGrace) {
		t.gone[model.A], t.gone[model.AAAA] = a.good, a.good
		return
	}
	if !a.good {
		return
	}
	lowest := slices.MinFunc(a.hosts, func(x, y model.Host) int { return int(x.Priority) - int(y.Priority) }).Priority
	for _, h := range a.hosts {
		if h.Priority != lowest {
			continue
		}
		before := len(t.cands)
		pending := v.host(l, t, h.Name, h.Port)
		t.looking = t.looking || pending
		t.pending = t.pending || pending && len(t.cands) == before
	}
	t.unsure = t.unsure && len(t.cands) == 0
}

// due has the service looked at again at that time.
func (v *simView) due(matters bool, at time.Duration) {
	if matters && at >= v.now && (v.known.next == 0 || at < v.known.next) {
		v.known.next = at
	}
}

// port is where endpoints are probed, those of SRV records apart.
func (v *simView) port() uint16 {
	if p := v.svc.Probe; p != nil && p.Port != 0 {
		return p.Port
	}
	return v.svc.Ports[0].TargetPort
}

func (v *simView) add(t *simTarget, a netip.Addr, port uint16, name string) {
	if v.sim.plan.forbids(a) {
		return
	}
	if p := v.svc.Probe; p != nil && p.Port != 0 {
		port = p.Port
	}
	c := &simCand{at: netip.AddrPortFrom(a, port), name: name, given: true}
	if slices.ContainsFunc(t.cands, func(o *simCand) bool { return o.at == c.at && o.name == c.name }) {
		return
	}
	c.health = v.known.health[model.Check{Addr: c.at, Name: name}]
	t.cands = append(t.cands, c)
}

// claim adds what the decision counts beside that.
func (v *simView) claim(t *simTarget) {
	for _, c := range t.cands {
		c.claimed = slices.Contains(t.status.Addresses, c.at.Addr())
	}
	names := t.names(v.sim.ledger)
	if v.svc.Probe == nil {
		for _, a := range t.status.Addresses {
			if !slices.ContainsFunc(t.cands, func(c *simCand) bool { return c.at.Addr() == a }) {
				t.cands = append(t.cands, &simCand{at: netip.AddrPortFrom(a, 0), claimed: true})
			}
		}
		return
	}
	for _, s := range t.status.Checks {
		for _, check := range v.d.Checks {
			if check.Addr != s.Addr || !slices.Contains(names, check.Name) ||
				slices.ContainsFunc(t.cands, func(c *simCand) bool { return c.at == check.Addr && c.name == check.Name }) {
				continue
			}
			// One by another name may be watched, and not counted.
			c := &simCand{at: check.Addr, name: check.Name, claimed: true, health: v.known.health[check]}
			if c.verdict() == s.Verdict {
				t.cands = append(t.cands, c)
			}
		}
	}
}

// names are those by which a target's endpoints are probed.
func (t *simTarget) names(l *ledger) []string {
	if t.SRV == "" {
		return []string{t.Hostname}
	}
	names := []string{""}
	if a := l.answers[model.Question{Name: t.SRV, Type: model.SRV}]; a != nil {
		for _, h := range a.hosts {
			names = append(names, h.Name)
		}
	}
	return names
}

// group puts the targets into tiers, or for a CNAME one by one.
func (v *simView) group() {
	for _, t := range v.targets {
		at := slices.IndexFunc(v.groups, func(g *simGroup) bool { return g.priority == t.Priority })
		if at < 0 || v.svc.Type == model.ExternalName {
			v.groups = append(v.groups, &simGroup{priority: t.Priority})
			at = len(v.groups) - 1
		}
		v.groups[at].add(t)
	}
	slices.SortStableFunc(v.groups, func(a, b *simGroup) int { return a.priority - b.priority })
}

func (g *simGroup) add(t *simTarget) {
	g.targets = append(g.targets, t)
	g.pending, g.looking = g.pending || t.pending, g.looking || t.looking
	for _, c := range t.cands {
		if !c.claimed || slices.ContainsFunc(g.cands, func(o *simCand) bool { return o.at == c.at && o.name == c.name }) {
			continue
		}
		g.cands = append(g.cands, c)
		switch c.verdict() {
		case model.Up:
			g.up++
		case model.Down:
			g.down++
			if !c.health.certain {
				g.silent = append(g.silent, c.health)
			}
		default:
			g.unjudged++
		}
	}
}

// possible reports whether a group may be up.
func (g *simGroup) possible(least int) bool {
	return g.up+g.unjudged >= least || g.pending || g.looking && g.up+g.unjudged > 0
}

// proven counts the endpoints that are up while all that are silent are dead.
func (g *simGroup) proven(silent []*simHealth) int {
	n := 0
	for _, c := range g.cands {
		if c.verdict() == model.Up && !slices.ContainsFunc(silent, func(h *simHealth) bool { return !provenDead(c.health, h) }) {
			n++
		}
	}
	return n
}

func (g *simGroup) has(name string) bool {
	return slices.ContainsFunc(g.targets, func(t *simTarget) bool { return t.Name == name })
}

// least is how many endpoints have to be up for a tier to be.
func (v *simView) least() int { return max(1, v.svc.Failover.MinimumReady) }

// active is the group that is published; nil if none is.
func (v *simView) active() *simGroup {
	if len(v.d.Active) == 0 {
		return nil
	}
	for _, g := range v.groups {
		if g.has(v.d.Active[0]) {
			return g
		}
	}
	return nil
}

// pinned reports whether a pin is in force.
func (v *simView) pinned() bool {
	return v.svc.Pin != nil && v.d.State.Pinned == v.svc.Pin.Target
}
