package engine

import (
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// outbox is what the next snapshot has that the last one had not.
type outbox struct {
	last *model.Snapshot
	// published and gone are disjoint.
	published map[model.Key]*model.Published
	gone      map[model.Key]struct{}
	// namespaces and problems are those of the next snapshot, which is all new
	// where they are.
	namespaces  []string
	problems    []model.Problem
	surrounding bool
	// changed says that the next snapshot differs from the last one for clients.
	changed  bool
	revision uint64
}

func newOutbox(domain string) outbox {
	return outbox{
		last:      model.NewSnapshot(domain, nil, nil, nil),
		published: map[model.Key]*model.Published{},
		gone:      map[model.Key]struct{}{},
		changed:   true,
	}
}

// aged reports whether there is a next snapshot, and be it only fresher.
func (o *outbox) aged() bool { return o.changed || len(o.published) > 0 }

// put has p take the place of before, which is nil for a new service.
func (o *outbox) put(p, before *model.Published) {
	if before != nil && sameForClients(before, p) {
		p.Revision = before.Revision
	} else {
		o.revision++
		p.Revision = o.revision
		o.changed = true
	}
	o.published[p.Service.Key] = p
	delete(o.gone, p.Service.Key)
}

func (o *outbox) remove(key model.Key) {
	delete(o.published, key)
	o.gone[key] = struct{}{}
	o.changed = true
}

// surround sets what a snapshot has beside services.
func (o *outbox) surround(namespaces []string, problems []model.Problem) {
	if slices.Equal(o.namespaces, namespaces) && slices.Equal(o.problems, problems) {
		return
	}
	o.namespaces, o.problems = slices.Clone(namespaces), problems
	o.surrounding, o.changed = true, true
}

// snapshot returns the next snapshot, and begins the one after it.
func (o *outbox) snapshot(now time.Time) *model.Snapshot {
	s := o.last.Next(o.published, o.gone)
	if o.surrounding {
		s = model.NewSnapshot(s.Domain, slices.Clone(o.namespaces), s.Services, o.problems)
	}
	s.Generation, s.At = o.last.Generation+1, now
	clear(o.published)
	clear(o.gone)
	o.last, o.surrounding, o.changed = s, false, false
	return s
}
