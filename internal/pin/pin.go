// Package pin is what fairlead switch does: a person says which target of a service
// is published, or that probes decide again.
//
// [Switch] checks what is asked for against the service as it is now, has a [Backend]
// write it down, waits for a moment that it is followed, and returns what to tell.
// The pin is four annotations of the ExternalService, so that everybody sees who said
// what, and why.
//
// The package does no I/O of its own, knows neither manifests nor Kubernetes, and
// decides nothing about endpoints: package failover does.
package pin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// Service is a service as it is now, whoever tells.
type Service struct {
	Key model.Key
	// Kind is what it was declared as; only an ExternalService has tiers.
	Kind string
	Type model.ServiceType
	// Targets are in the order of the spec; none if nothing of it is followed.
	Targets []Target
	// Active are the targets that are published.
	Active []string
	// Pin is what stands, followed the target of the pin that is followed.
	Pin      *model.Pin
	Followed string
	// Probed is whether endpoints are watched, Failover the policy.
	Probed   bool
	Failover model.Failover
	// Where is where it is declared, for people: a file and line, or a cluster. File
	// and Line are for the backend.
	Where string
	File  string
	Line  int
}

// Target is one target of a [Service].
type Target struct {
	Name     string
	Priority int
	// Where is its hostname or addresses.
	Where string
	// Trouble is why nothing can be reached there now; empty if there is no reason
	// to think so.
	Trouble string
}

// Backend is where a pin is written.
type Backend interface {
	// Find returns a service. An empty namespace means the one that a person would.
	Find(ctx context.Context, namespace, name string) (Service, error)
	// Write writes a pin down, or with nil takes it away.
	Write(ctx context.Context, s Service, p *model.Pin) error
	// Who is who asks.
	Who(ctx context.Context) string
}

// Request is what a person asks for.
type Request struct {
	Namespace, Name string
	// Target is to be published; empty lets probes decide.
	Target string
	// Reason is why; empty if nothing was said.
	Reason string
	Now    time.Time
	// Near picks what a person may have meant. Nil means that nothing is suggested.
	Near func(word string, candidates []string) string
	// Command is how the same program is called again: fairlead switch, and its flags.
	Command string
	// Wait is how long it may take until the pin is followed, Pause how often that is
	// looked at.
	Wait, Pause time.Duration
}

// maxReason is how long a reason may be, in bytes: it stands in tables.
const maxReason = 200

// Switch does what is asked for.
func Switch(ctx context.Context, b Backend, r Request) (Result, error) {
	r.Reason = strings.Join(strings.Fields(r.Reason), " ")
	if len(r.Reason) > maxReason {
		return Result{}, fmt.Errorf("the reason has %d bytes, and %d are the most: write a shorter one", len(r.Reason), maxReason)
	}
	s, err := b.Find(ctx, r.Namespace, r.Name)
	if err != nil {
		return Result{}, err
	}
	if err := s.check(r); err != nil {
		return Result{}, err
	}
	out := s.result(r)
	if r.Target == "" && s.Pin == nil {
		out.Unchanged = true
		return out, nil
	}
	var p *model.Pin
	if r.Target != "" {
		p = &model.Pin{Target: r.Target, By: b.Who(ctx), Reason: r.Reason, At: r.Now.UTC().Truncate(time.Second)}
		out.By, out.Reason, out.At = p.By, p.Reason, p.At
	}
	if err := b.Write(ctx, s, p); err != nil {
		return Result{}, err
	}
	return out, follow(ctx, b, s, r, &out)
}

// check refuses what cannot be.
func (s Service) check(r Request) error {
	if s.Kind != "ExternalService" {
		return fmt.Errorf("%s is a %s, and only an ExternalService has targets to choose from: declare it as one", s.Key, s.Kind)
	}
	names := make([]string, len(s.Targets))
	for i, t := range s.Targets {
		names[i] = t.Name
	}
	switch {
	case r.Target == "" || slices.Contains(names, r.Target):
		return nil
	case len(names) == 0:
		return fmt.Errorf("%s has no targets that are followed: fairlead status -n %s %s says why", s.Key, s.Key.Namespace, s.Key.Name)
	}
	if r.Near != nil {
		if meant := r.Near(r.Target, names); meant != "" {
			return fmt.Errorf("%s has no target %q: did you mean %s?", s.Key, r.Target, meant)
		}
	}
	return fmt.Errorf("%s has no target %q; there are %s", s.Key, r.Target, strings.Join(names, ", "))
}

// follow waits until what was written is followed. That it is not yet is no error.
func follow(ctx context.Context, b Backend, s Service, r Request, out *Result) error {
	ctx, cancel := context.WithTimeout(ctx, r.Wait)
	defer cancel()
	for {
		now, err := b.Find(ctx, s.Key.Namespace, s.Key.Name)
		if err == nil && now.Followed == r.Target && (r.Target == "" || slices.Equal(now.Active, []string{r.Target})) {
			out.Followed, out.Active = true, now.Active
			return nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.Canceled) {
				return fmt.Errorf("it is written, and whether it is followed is not known: %w", ctx.Err())
			}
			return nil
		case <-time.After(r.Pause):
		}
	}
}
