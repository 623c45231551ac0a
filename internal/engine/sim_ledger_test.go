package engine

import (
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// ledger is what the process that runs was told, as the checks keep it for
// themselves: they do not take the engine's word for it. Its times are those of the
// process's monotonic clock.
type ledger struct {
	sim      *sim
	answers  map[model.Question]*simAnswer
	services map[model.Key]*simKnown
	// disturbedAt is when the process was stopped last, or the like, by the
	// simulation's clock.
	disturbedAt time.Duration
	// edits says that there was one, or that other services want an answer now.
	edits bool
}

// simAnswer is what DNS has said to a question.
type simAnswer struct {
	heard, asking bool
	// asked is when it was asked last, at when the answer came.
	asked, at time.Duration
	class     model.Class
	ttl       time.Duration
	// good says that there was an answer with records: these.
	good  bool
	addrs []netip.Addr
	hosts []model.Host
	// missing says that only NXDOMAIN or empty answers were valid from since to until.
	missing      bool
	since, until time.Duration
	// again is when it has to be asked again, neither sooner nor later.
	again time.Duration
}

// simHealth is what probes have said of an endpoint.
type simHealth struct {
	verdict       model.Verdict
	ups, fails    int
	certain       bool
	succeeded     time.Duration // when the last success began
	succeeding    time.Duration // and the first in a row
	failing       bool
	failed        time.Duration // when the first of the failures began
	failedLast    time.Duration // and the last
	began, ended  time.Duration
	tries         int
	unasked       int           // how often in a row the prober had no means to ask
	watched       time.Duration // since when, by the simulation's clock
	underWay, any bool
}

func newLedger(s *sim) *ledger {
	return &ledger{sim: s, answers: map[model.Question]*simAnswer{}, services: map[model.Key]*simKnown{}, disturbedAt: s.at}
}

// disturbed notes that the process could not do its work for a while.
func (l *ledger) disturbed(at time.Duration) { l.disturbedAt = at }

// take notes what the engine has just been told.
func (l *ledger) take(h simHeard) {
	for i := range h.observed {
		l.observe(&h.observed[i])
	}
	for i := range h.probed {
		l.judge(&h.probed[i])
	}
}

func (l *ledger) observe(o *model.Observation) {
	a := l.answer(o.Question)
	now := l.sim.process.mono()
	l.tellAnswer(a, o)
	a.asking = false
	if l.sim.process.engine.core.questions[o.Question] == nil {
		return // nobody wants it any more, or not yet again
	}
	if !o.Class.Failed() && a.class.Failed() && l.anew(o.Question, a, now) {
		a.missing = false
	}
	a.heard, a.at, a.class, a.ttl = true, now, o.Class, o.TTL
	switch {
	case o.Class == model.Answered:
		a.good, a.missing = true, false
		a.addrs, a.hosts = o.Addrs, o.Hosts
	case !o.Class.Failed():
		if !a.missing {
			a.missing, a.since = true, now
		}
		a.until = now
	}
	a.again = a.next(l.wanting(o.Question)...)
	for _, k := range l.services {
		k.dirty = true
	}
}

// believed reports whether it is that a name has no records: answers have said so from
// the beginning to the end of missingGrace.
func (a *simAnswer) believed(grace time.Duration) bool { return a.missing && a.until-a.since >= grace }

// anew reports whether that begins anew after an outage: nobody has believed it yet, and
// lookups failed for missingGrace.
func (l *ledger) anew(q model.Question, a *simAnswer, now time.Duration) bool {
	for _, r := range l.wanting(q) {
		if grace := r.service.Resolution.MissingGrace; a.believed(grace) || now-a.until < grace {
			return false
		}
	}
	return true
}

// wanting are the services that want a question answered.
func (l *ledger) wanting(q model.Question) []*record {
	var all []*record
	for _, r := range l.sim.process.engine.core.services {
		if slices.Contains(r.decision.Questions, q) {
			all = append(all, r)
		}
	}
	return all
}

// judge holds an endpoint up after its first success, or after successThreshold of
// them since it was down; and down after failureThreshold failures, or one that is
// certain.
func (l *ledger) judge(p *probed) {
	r := l.sim.process.engine.core.services[p.id.key]
	if r == nil || r.watches[p.id.check] == nil {
		return
	}
	h := l.health(p.id)
	began := sinceBoot(p.result.Began)
	h.underWay, h.ended = false, l.sim.process.mono()
	if r.service.Probe == nil || !sameProbe(r.service.Probe, p.spec) {
		return
	}
	before := h.verdict
	h.tries++
	l.known(p.id.key).dirty = true
	if p.result.Inconclusive {
		h.unasked++
		return
	}
	h.unasked = 0
	if p.result.Up {
		if h.ups == 0 {
			h.succeeding = began
		}
		h.ups, h.fails, h.succeeded = h.ups+1, 0, began
		if h.verdict != model.Down || h.ups >= p.spec.SuccessThreshold {
			h.verdict, h.failing, h.certain = model.Up, false, false
		}
	} else {
		h.ups, h.fails, h.failedLast = 0, h.fails+1, began
		if !h.failing {
			h.failing, h.failed = true, began
		}
		if p.result.Certain || h.verdict != model.Down && h.fails >= p.spec.FailureThreshold {
			h.verdict, h.certain = model.Down, p.result.Certain
		}
	}
	if h.verdict != before {
		l.sim.tell("%s: %s of %s is %s now (%s)", p.id.key.Name, p.id.check.Addr, p.id.check.Name, verdictWord(h.verdict), p.result.Reason)
	}
}

// edit notes how a service asks from now on: what was said in a row to another question
// counts no more.
func (l *ledger) edit(svc *model.Service) {
	l.known(svc.Key).edited = l.sim.process.mono()
	r := l.sim.process.engine.core.services[svc.Key]
	if r == nil || r.service.Probe == nil || svc.Probe == nil || sameProbe(r.service.Probe, svc.Probe) {
		return
	}
	for _, h := range l.known(svc.Key).health {
		h.ups, h.fails = 0, 0
	}
}

// sinceBoot is a reading's monotonic clock.
func sinceBoot(t time.Time) time.Duration { return t.Sub(reading(time.Unix(simEpoch, 0), 0)) }

// health is what is held of an endpoint that is watched.
func (l *ledger) health(id probeID) *simHealth {
	k := l.known(id.key)
	if k.health[id.check] == nil {
		k.health[id.check] = &simHealth{watched: l.sim.at}
	}
	return k.health[id.check]
}

// known is what the process knows of a service.
func (l *ledger) known(key model.Key) *simKnown {
	if l.services[key] == nil {
		l.services[key] = newKnown(l.sim.wish(key))
	}
	return l.services[key]
}

func verdictWord(v model.Verdict) string {
	if v == model.Unjudged {
		return "not judged"
	}
	return string(v)
}

// asks notes that a question is asked, and that it is neither too soon nor too late.
func (l *ledger) asks(q model.Question) {
	a, now := l.answer(q), l.sim.process.mono()
	defer func() { a.asking, a.asked = true, now }()
	if !a.heard {
		return
	}
	l.sooner(q, a) // its bounds may be others by now
	if now < a.again {
		l.sim.breach("%s %s is asked %s after it said %s, want %s", q.Name, q.Type, now-a.at, a.class, a.again-a.at)
	}
	anew := slices.ContainsFunc(l.wanting(q), func(r *record) bool {
		before := l.known(r.service.Key).before
		return before == nil || !slices.Contains(before.Questions, q)
	})
	if late := now - max(a.again, l.edited()); !anew && late > l.slack() && l.sim.at-l.disturbedAt > l.slack() {
		l.sim.breach("%s %s is asked %s late", q.Name, q.Type, late)
	}
}

// edited is when the last edit was.
func (l *ledger) edited() time.Duration {
	var at time.Duration
	for _, w := range l.sim.wishes {
		at = max(at, w.edited-l.sim.process.slept)
	}
	return at
}

// slack is what may be lost by an edge that takes its time.
func (l *ledger) slack() time.Duration {
	a := l.sim.api
	slack := time.Second + 4*max(a.slow, a.slowed)
	if !a.local || a.slow == 0 && (a.slowed == 0 || l.sim.at > a.slowUntil+slack) {
		return 0
	}
	return slack
}

func (l *ledger) answer(q model.Question) *simAnswer {
	if l.answers[q] == nil {
		l.answers[q] = &simAnswer{}
	}
	return l.answers[q]
}

// next is when a question is asked again: after its TTL, or a second after one that
// failed began, within the bounds of those who want it.
func (a *simAnswer) next(wanting ...*record) time.Duration {
	least, most := time.Duration(-1), time.Duration(1<<62)
	for _, r := range wanting {
		if b := r.service.Resolution; least < 0 || b.MinInterval < least {
			least = b.MinInterval
		}
		most = min(most, r.service.Resolution.MaxInterval)
		if over := a.since + r.service.Resolution.MissingGrace - a.at; a.missing && !a.class.Failed() && over > 0 {
			most = min(most, over)
		}
	}
	switch {
	case a.class.Failed():
		return max(a.at, a.asked+max(time.Second, least))
	case a.class != model.Answered && !a.good:
		most = min(most, 30*time.Second)
	}
	return a.at + max(min(a.ttl, most), least)
}

// rebound notes that the bounds of questions may be others now.
func (l *ledger) rebound() {
	for q, a := range l.answers {
		if a.heard {
			l.sooner(q, a)
		}
	}
}

// sooner has a question asked again when one of those that want it would have it.
func (l *ledger) sooner(q model.Question, a *simAnswer) {
	for _, r := range l.wanting(q) {
		a.again = min(a.again, a.next(r))
	}
}

// probes notes that an endpoint is probed, and that it is neither too soon nor too
// late.
func (l *ledger) probes(t probing, _ time.Duration) {
	k, h := l.known(t.id.key), l.health(t.id)
	now := l.sim.process.mono()
	if h.tries > 0 && h.any && k.edited < h.began {
		l.pace(k, h, t, now)
	}
	h.began, h.underWay, h.any = now, true, true
}

func (l *ledger) pace(k *simKnown, h *simHealth, t probing, now time.Duration) {
	most, least := t.spec.Interval, t.spec.Interval*9/10
	if h.tries == 1 {
		least = t.spec.Interval / 2
	}
	if h.verdict == model.Unjudged && h.unasked < t.spec.FailureThreshold {
		most, least = min(most, time.Second), min(least, time.Second)
	}
	late := now - max(h.began+most, h.ended)
	if late > l.slack() && l.sim.at-l.disturbedAt > l.slack() {
		l.sim.breach("%s: the probe of %s is %s late", t.id.key.Name, t.id.check.Addr, late)
	}
	_, urgent := l.sim.process.engine.core.services[t.id.key].decision.Urgent[t.id.check]
	if now < h.began+least && !urgent {
		l.sim.breach("%s: %s is probed after %s, though that is not urgent", t.id.key.Name, t.id.check.Addr, now-h.began)
	}
}
