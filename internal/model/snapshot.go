package model

import (
	"slices"
	"time"
)

// Published is one service with what was decided for it.
type Published struct {
	Service  Service  `json:"service"`
	Decision Decision `json:"decision"`
	// Revision grows with every change of the service that a client or a person
	// would act on, and is never used again in this process. Decisions that differ
	// only in when DNS confirmed them share one.
	Revision uint64 `json:"-"`
}

// Snapshot is every service's decision at one moment. It is immutable; make
// one with [NewSnapshot].
type Snapshot struct {
	// Generation counts the snapshots of this process from 1.
	Generation uint64    `json:"generation"`
	At         time.Time `json:"at"`
	// Domain is the cluster domain, without a trailing dot: cluster.local.
	Domain     string   `json:"domain"`
	Namespaces []string `json:"namespaces"`
	// Services are in the order of their keys.
	Services []*Published `json:"services"`
	// Problems are what people should know about their manifests.
	Problems []Problem `json:"problems,omitempty"`

	// index holds the places in Services; snapshots of the same keys share it.
	index map[Key]int
	names map[string]struct{}
}

// NewSnapshot sorts the namespaces and services that it is given, takes them
// over and indexes them.
func NewSnapshot(domain string, namespaces []string, services []*Published, problems []Problem) *Snapshot {
	slices.Sort(namespaces)
	slices.SortFunc(services, compare)
	s := &Snapshot{
		Domain:     domain,
		Namespaces: slices.Compact(namespaces),
		Services:   services,
		Problems:   problems,
		index:      places(services),
		names:      make(map[string]struct{}, len(namespaces)),
	}
	for _, n := range s.Namespaces {
		s.names[n] = struct{}{}
	}
	return s
}

// Next returns a snapshot like s in which the published services are new, or stand
// in place of those with their keys, and those that are gone do not stand. S stays
// as it is. While the keys are the same it costs a copy of the pointers.
func (s *Snapshot) Next(published map[Key]*Published, gone map[Key]struct{}) *Snapshot {
	next := *s
	var added []*Published
	changed := slices.Clone(s.Services)
	for key, p := range published {
		if at, ok := s.index[key]; ok {
			changed[at] = p
		} else {
			added = append(added, p)
		}
	}
	next.Services = changed
	if len(added)+len(gone) == 0 {
		return &next
	}
	left := slices.DeleteFunc(changed, func(p *Published) bool {
		_, ok := gone[p.Service.Key]
		return ok
	})
	slices.SortFunc(added, compare)
	next.Services = merge(left, added)
	next.index = places(next.Services)
	return &next
}

// merge returns both in order, where each is.
func merge(a, b []*Published) []*Published {
	all := make([]*Published, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compare(a[0], b[0]) < 0 {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}

func compare(a, b *Published) int { return a.Service.Key.Compare(b.Service.Key) }

// places returns where each service stands.
func places(services []*Published) map[Key]int {
	index := make(map[Key]int, len(services))
	for i, p := range services {
		index[p.Service.Key] = i
	}
	return index
}

// Find returns the service with that key, or nil. A nil snapshot has none.
func (s *Snapshot) Find(k Key) *Published {
	if s == nil {
		return nil
	}
	at, ok := s.index[k]
	if !ok {
		return nil
	}
	return s.Services[at]
}

// HasNamespace reports whether the namespace exists.
func (s *Snapshot) HasNamespace(name string) bool {
	if s == nil {
		return false
	}
	_, ok := s.names[name]
	return ok
}

// Severity ranks a [Problem].
type Severity string

const (
	// Error: what was written is not served.
	Error Severity = "Error"
	// Warning: it is served, and probably not as its author thinks.
	Warning Severity = "Warning"
	// Info: it is served; there is something to know.
	Info Severity = "Info"
)

// Problem is something about a manifest that its author should know.
type Problem struct {
	Severity Severity `json:"severity"`
	// Reason is one CamelCase word, stable, for machines.
	Reason string `json:"reason"`
	// Object is KIND NAMESPACE/NAME; empty when a whole file is meant.
	Object string `json:"object,omitempty"`
	File   string `json:"file,omitempty"`
	// Line counts from 1; 0 means unknown.
	Line int `json:"line,omitempty"`
	// Field is the path in the object: spec.ports[0].name.
	Field string `json:"field,omitempty"`
	// Message names the thing and says why; Hint says what to write instead.
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Fault is a part of a decision that an edge could not carry out: a listener
// whose port is taken, say.
type Fault struct {
	Key     Key
	Reason  string
	Message string
	// Partial says that the rest of the service is carried out.
	Partial bool
	// Claimed says that somebody else has the service's name: then it is not
	// Accepted, rather than not Programmed, and nothing of it is carried out.
	Claimed bool
}
