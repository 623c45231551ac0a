// Package plan shows what would be published if something happened, without doing
// it: a target is lost, a person switches, a manifest is applied.
//
// [World] is what a running instance tells of itself, in its public form. From that
// a [failover.Input] is made as well as it can be, and the same function decides that
// decides in the instance: now, and at each later moment at which something changes.
//
// The package does no I/O, reads no clock and asks no DNS: what the instance does not
// know is not known here either, and the plan says so.
package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// Plan is what would become of one service.
type Plan struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// If is what is assumed, as the rest of a sentence that begins with if.
	If string `json:"if"`
	// Changes are those of the spec, for a manifest.
	Changes []Change `json:"changes,omitempty"`
	// Steps are what is published, one after the other; the first is what is now.
	// There is none for a service that is new and could not be decided.
	Steps []Step `json:"steps,omitempty"`
	// Notes say what a person should know beside that.
	Notes []string `json:"notes,omitempty"`
}

// Change is one field that differs. An empty From means that it is new, an empty To
// that it goes.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// Step is what is published from one moment on.
type Step struct {
	// Phase is Now, Then, or Back for what follows once all is up again.
	Phase Phase `json:"phase"`
	// After is how long after the phase began, at most.
	After wire.Duration `json:"after,omitzero"`
	// Active are the targets that are published, of the tier Priority.
	Active   []string `json:"active,omitempty"`
	Priority int      `json:"priority"`
	// Ready and NotReady are the addresses that are published; for a service of type
	// ExternalName the name is.
	Ready    []string `json:"ready,omitempty"`
	NotReady []string `json:"notReady,omitempty"`
	External string   `json:"external,omitempty"`
	// Reason and Message are those of the move, or of the condition that tells most.
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Phase is a part of a plan.
type Phase string

// The phases.
const (
	Now  Phase = "Now"
	Then Phase = "Then"
	Back Phase = "Back"
)

// World is what a running instance knows.
type World struct {
	status    wire.Status
	now       time.Time
	answers   map[model.Question]model.Answer
	forbidden failover.Forbidden
}

// NewWorld takes the status of an instance at a moment.
func NewWorld(s wire.Status, now time.Time) *World {
	if s.At.After(now) {
		now = s.At // the clocks of two machines
	}
	w := &World{status: s, now: now, answers: map[model.Question]model.Answer{}}
	for _, p := range s.Services {
		w.learn(p)
	}
	for _, c := range s.Info.ServiceCIDRs {
		if prefix, err := netip.ParsePrefix(c); err == nil {
			w.forbidden.Ranges = append(w.forbidden.Ranges, failover.Range{Prefix: prefix, Why: "it lies in the range of the virtual IPs"})
		}
	}
	w.forbidden.Unroutable = len(s.Info.Paths) == 0 // a controller: no EndpointSlice takes those
	return w
}

// Lose is what would happen if targets, by name, or addresses, with or without a
// port, failed their probes from now on, and later passed them again.
func (w *World) Lose(p wire.Published, what []string, near func(string, []string) string) (Plan, error) {
	lost, err := losers(p, what, near)
	if err != nil {
		return Plan{}, err
	}
	s := w.recall(p)
	out := s.plan("if " + list(what) + verb(len(what), " is", " are") + " lost")
	s.step(Now, 0)
	probe := s.in.Service.Probe
	if probe == nil {
		s.note("its endpoints are not probed: nothing moves, and connections to what is lost fail. With a probe in the spec it would fail over")
		return out(), nil
	}
	if len(lost) == 0 {
		s.note("no endpoint of it is known, so nothing of it is published")
		return out(), nil
	}
	began := s.in.Now
	after := time.Duration(probe.FailureThreshold) * probe.Interval
	s.fail(lost, began, after)
	s.settle(Then, began, after)
	s.note(fmt.Sprintf("it is taken down after %s in a row, %s apart; each takes up to %s more where there is no answer at all",
		plural(probe.FailureThreshold, "failure"), wire.Duration(probe.Interval), wire.Duration(probe.Timeout)))
	moved := len(s.steps) > 1
	began = s.in.Now
	after = time.Duration(probe.SuccessThreshold) * probe.Interval
	s.mend(lost, began, after)
	s.settle(Back, began, after)
	switch {
	case !moved:
		s.note("nothing changes")
	case s.in.Service.Failover.ManualFailback && s.in.State.Priority != bestOf(s.in.Service):
		s.note("failback is Manual: fairlead switch moves it back")
	}
	s.stay()
	return out(), nil
}

// Switch is what would happen if a person pinned the service to a target, or with an
// empty target let go of it.
func (w *World) Switch(p wire.Published, target string, near func(string, []string) string) (Plan, error) {
	s := w.recall(p)
	given := "if probes decide again"
	pin := (*model.Pin)(nil)
	if target != "" {
		if err := hasTarget(p, target, near); err != nil {
			return Plan{}, err
		}
		pin = &model.Pin{Target: target, At: w.now}
		given = "if it is switched to " + target
	}
	out := s.plan(given)
	s.step(Now, 0)
	s.in.Service.Pin = pin
	s.settle(Then, s.in.Now, 0)
	if len(s.steps) == 1 {
		s.note("what is published stays as it is")
	}
	s.stay()
	return out(), nil
}

func hasTarget(p wire.Published, target string, near func(string, []string) string) error {
	names := targetNames(p)
	if slices.Contains(names, target) {
		return nil
	}
	if near != nil {
		if meant := near(target, names); meant != "" {
			return fmt.Errorf("%s/%s has no target %q: did you mean %s?", p.Service.Namespace, p.Service.Name, target, meant)
		}
	}
	return fmt.Errorf("%s/%s has no target %q; there are %s", p.Service.Namespace, p.Service.Name, target, strings.Join(names, ", "))
}

func targetNames(p wire.Published) []string {
	var names []string
	for _, t := range p.Service.Targets {
		names = append(names, t.Name)
	}
	return names
}

// losers are the endpoints that are meant.
func losers(p wire.Published, what []string, near func(string, []string) string) (map[netip.AddrPort]bool, error) {
	lost := map[netip.AddrPort]bool{}
	for _, word := range what {
		named, found := slices.Contains(targetNames(p), word), false
		for _, t := range p.Decision.Targets {
			for _, c := range t.Checks {
				if t.Name == word || c.Address.String() == word || c.Address.Addr().String() == word {
					lost[c.Address], found = true, true
				}
			}
			for _, a := range t.Addresses {
				found = found || a.String() == word
			}
		}
		if !named && !found {
			if _, err := netip.ParseAddr(word); err == nil {
				return nil, fmt.Errorf("no target of %s/%s has the address %s now", p.Service.Namespace, p.Service.Name, word)
			}
			return nil, hasTarget(p, word, near)
		}
	}
	return lost, nil
}

func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
