package engine

import (
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// question is one question that at least one service wants answered.
type question struct {
	answer model.Answer
	users  map[model.Key]struct{}
	// queued says that it is ready or in flight, due when it will be next.
	queued bool
	due    time.Time
	// asked is when the last lookup began.
	asked time.Time
	// failures counts the failed lookups in a row.
	failures int
}

// observe takes the answer to a question that was asked.
func (c *core) observe(o model.Observation) {
	c.lookups.done(o.Question)
	q, ok := c.questions[o.Question]
	if !ok {
		return // nobody wants it any more
	}
	if c.interrupted(q, o) {
		q.answer.MissingSince = time.Time{}
	}
	q.answer = after(q.answer, o)
	q.failures++
	if !o.Class.Failed() {
		q.failures = 0
	}
	q.queued = false
	c.plan(o.Question, q)
	for key := range q.users {
		c.stale[key] = struct{}{}
	}
}

// interrupted reports whether that there are no records begins to be said anew with o:
// nobody has believed it yet, and for as long as missingGrace every lookup failed. DNS
// that comes back may know less at first than it did.
func (c *core) interrupted(q *question, o model.Observation) bool {
	if o.Class.Failed() || !q.answer.Last.Class.Failed() {
		return false
	}
	for key := range q.users {
		grace := c.services[key].service.Resolution.MissingGrace
		if q.answer.Missing(grace) || o.At.Sub(q.answer.MissingAt) < grace {
			return false
		}
	}
	return true
}

// after is what is known once o has come.
func after(a model.Answer, o model.Observation) model.Answer {
	a.Last = o
	switch {
	case o.Class == model.Answered:
		a.Good, a.MissingSince, a.MissingAt = o, time.Time{}, time.Time{}
	case !o.Class.Failed():
		a.MissingAt = o.At
		if a.MissingSince.IsZero() {
			a.MissingSince = o.At
		}
	}
	return a
}

// wake moves what is due at now: questions and probes to ready, services to stale. It
// returns when to wake next, zero if nothing is planned.
func (c *core) wake(now time.Time) time.Time {
	for {
		it, ok := c.agenda.next()
		if !ok {
			return time.Time{}
		}
		if it.at.After(now) {
			return it.at
		}
		c.agenda.drop()
		switch {
		case it.question != (model.Question{}):
			c.queue(it)
		case it.check != (model.Check{}):
			c.queueProbe(it)
		default:
			c.reconsider(it)
		}
	}
}

func (c *core) queue(it item) {
	q, ok := c.questions[it.question]
	if !ok || q.queued || !q.due.Equal(it.at) {
		return // overtaken
	}
	q.queued = true
	c.lookups.add(it.question, q.lane(), q.failures)
}

func (c *core) reconsider(it item) {
	if r, ok := c.services[it.service]; ok && r.decision.Next.Equal(it.at) {
		c.stale[it.service] = struct{}{}
	}
}

// lane is where the question queues. Failures that are quick are in nobody's way.
func (q *question) lane() lane {
	switch {
	case q.answer.Last.At.IsZero():
		return first
	case q.failures > 1 && q.answer.Last.At.Sub(q.asked) >= lateLookup:
		return retry
	}
	return regular
}

// plan sets when the question is asked next.
func (c *core) plan(name model.Question, q *question) {
	q.due = q.next(c.bounds(q))
	c.agenda.add(item{at: q.due, question: name})
}

// take returns the questions that should be asked now, so that at most limit are
// asked at the same time.
func (c *core) take(now time.Time, limit int) []model.Question {
	taken := c.lookups.take(now, limit, func(name model.Question) bool {
		q, ok := c.questions[name]
		return ok && q.queued
	})
	for _, name := range taken {
		c.questions[name].asked = now
	}
	return taken
}

func (c *core) answer(q model.Question) (model.Answer, bool) {
	known, ok := c.questions[q]
	if !ok || known.answer.Last.At.IsZero() {
		return model.Answer{}, false
	}
	return known.answer, true
}

// want has questions asked at once that nobody asked before.
func (c *core) want(key model.Key, questions []model.Question, now time.Time) {
	for _, name := range questions {
		q, ok := c.questions[name]
		if !ok {
			f, asked := c.lookups.inFlight[name] // for a service that has gone meanwhile
			q = &question{users: map[model.Key]struct{}{}, due: now, queued: asked, asked: f.since}
			c.questions[name] = q
			c.agenda.add(item{at: now, question: name})
		}
		q.users[key] = struct{}{}
		// A new user, or one whose bounds changed, may want it sooner.
		if q.queued || q.answer.Last.At.IsZero() {
			continue
		}
		if due := q.next(c.services[key].service.Resolution); due.Before(q.due) {
			q.due = due
			c.agenda.add(item{at: due, question: name})
		}
	}
}

// release has questions forgotten, once all is decided, that the last service to want
// them wants no more.
func (c *core) release(key model.Key, old, kept []model.Question) {
	for _, name := range old {
		q, ok := c.questions[name]
		if !ok || slices.Contains(kept, name) {
			continue
		}
		delete(q.users, key)
		if len(q.users) == 0 {
			c.unwanted = append(c.unwanted, name)
		}
	}
}

// forget drops the questions that nobody wants any more. Until all services are decided
// another one may, and what is known need not be asked again.
func (c *core) forget() {
	for _, name := range c.unwanted {
		if q, ok := c.questions[name]; ok && len(q.users) == 0 {
			delete(c.questions, name)
		}
	}
	c.unwanted = c.unwanted[:0]
}

const (
	// retryFailed is how soon a failed lookup is tried again at the earliest.
	retryFailed = time.Second
	// retryMissing is how soon at the latest a name is that never had records.
	retryMissing = 30 * time.Second
	// lateLookup is how long a lookup takes at most unless something is wrong: a
	// resolver has walked the tree, or has asked its next server.
	lateLookup = time.Second
)

// bounds are the narrowest of the services that share the question; of missingGrace,
// what ends next.
func (c *core) bounds(q *question) model.Resolution {
	const never = time.Duration(1<<63 - 1)
	narrow := model.Resolution{MinInterval: -1, MaxInterval: never, MissingGrace: never}
	for key := range q.users {
		r := c.services[key].service.Resolution
		if narrow.MinInterval < 0 || r.MinInterval < narrow.MinInterval {
			narrow.MinInterval = r.MinInterval
		}
		narrow.MaxInterval = min(narrow.MaxInterval, r.MaxInterval)
		if q.answer.MissingSince.Add(r.MissingGrace).After(q.answer.Last.At) {
			narrow.MissingGrace = min(narrow.MissingGrace, r.MissingGrace)
		}
	}
	return narrow
}

// next is when to ask again: after the TTL, within bounds. After a failure that is
// counted from the beginning of the lookup, for in the end it may have waited in vain
// for long: what DNS says when it is back is not missed by that.
func (q *question) next(bounds model.Resolution) time.Time {
	last := q.answer.Last
	if last.Class.Failed() {
		return latest(last.At, q.asked.Add(max(bounds.MinInterval, retryFailed)))
	}
	ceiling := bounds.MaxInterval
	if last.Class != model.Answered && q.answer.Good.At.IsZero() {
		ceiling = min(ceiling, retryMissing)
	}
	// That there are no records is believed of an answer at the end of missingGrace.
	if grace := q.answer.MissingSince.Add(bounds.MissingGrace).Sub(last.At); last.Class != model.Answered && grace > 0 {
		ceiling = min(ceiling, grace)
	}
	return last.At.Add(max(min(last.TTL, ceiling), bounds.MinInterval))
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
