package model

import (
	"slices"
	"time"
)

// Published is one service with what was decided for it.
type Published struct {
	Service  Service  `json:"service"`
	Decision Decision `json:"decision"`
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

	index map[Key]*Published
	names map[string]struct{}
}

// NewSnapshot sorts the namespaces and services that it is given, takes them
// over and indexes them.
func NewSnapshot(domain string, namespaces []string, services []*Published, problems []Problem) *Snapshot {
	slices.Sort(namespaces)
	slices.SortFunc(services, func(a, b *Published) int { return a.Service.Key.Compare(b.Service.Key) })
	s := &Snapshot{
		Domain:     domain,
		Namespaces: slices.Compact(namespaces),
		Services:   services,
		Problems:   problems,
		index:      make(map[Key]*Published, len(services)),
		names:      make(map[string]struct{}, len(namespaces)),
	}
	for _, p := range services {
		s.index[p.Service.Key] = p
	}
	for _, n := range s.Namespaces {
		s.names[n] = struct{}{}
	}
	return s
}

// Find returns the service with that key, or nil. A nil snapshot has none.
func (s *Snapshot) Find(k Key) *Published {
	if s == nil {
		return nil
	}
	return s.index[k]
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
}
