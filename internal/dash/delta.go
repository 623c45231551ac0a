package dash

import (
	"reflect"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// update is one event of /events: what changed since the event before it, or
// everything if Reset is set.
type update struct {
	// Page is the page's own tag: a page with another one reloads.
	Page       string           `json:"page"`
	Reset      bool             `json:"reset,omitempty"`
	Now        time.Time        `json:"now"`
	Info       wire.Info        `json:"info"`
	Generation uint64           `json:"generation"`
	At         time.Time        `json:"at,omitzero"`
	Domain     string           `json:"domain"`
	Problems   []wire.Problem   `json:"problems"`
	Changed    []wire.Published `json:"changed"`
	// Removed are the services that went, as namespace/name.
	Removed []string `json:"removed,omitempty"`
}

// delta is the update that leads from one snapshot to another. A nil from asks
// for everything; a change of domain renames every service, so it does too.
func delta(info wire.Info, now time.Time, from, to *model.Snapshot) update {
	if to == nil {
		to = &model.Snapshot{}
	}
	head := *to
	head.Services = nil
	all := wire.From(info, &head)
	u := update{
		Now: now.UTC(), Info: all.Info, Generation: all.Generation, At: all.At, Domain: all.Domain,
		Problems: all.Problems, Changed: []wire.Published{},
	}
	if from == nil || from.Domain != to.Domain {
		u.Reset = true
		from = nil
	}
	for _, p := range to.Services {
		if old := from.Find(p.Service.Key); old == nil || differ(old, p) {
			u.Changed = append(u.Changed, wire.FromPublished(to.Domain, p))
		}
	}
	if from == nil {
		return u
	}
	for _, p := range from.Services {
		if to.Find(p.Service.Key) == nil {
			u.Removed = append(u.Removed, p.Service.Key.String())
		}
	}
	return u
}

// differ reports whether a service changed. Most do not, and are the same
// pointer.
func differ(a, b *model.Published) bool {
	return a != b && !reflect.DeepEqual(a, b)
}
