package pin

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// Result is what was done, and what comes of it. It is what -o json prints.
type Result struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Target is published from now on, whatever probes say; empty means that they
	// decide.
	Target string    `json:"target,omitempty"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"`
	// Unchanged says that there was nothing to do.
	Unchanged bool `json:"unchanged,omitempty"`
	// From are the targets that were published before, and Pinned that of the pin
	// that stood.
	From   []string `json:"from,omitempty"`
	Pinned string   `json:"pinnedBefore,omitempty"`
	// Where is where it is written.
	Where string `json:"where"`
	// Followed says that it is published so, Active what is.
	Followed bool     `json:"followed"`
	Active   []string `json:"active,omitempty"`
	// Warnings say what may surprise, Next what happens to clients, Undo how to take
	// it back.
	Warnings []string `json:"warnings,omitempty"`
	Next     string   `json:"next,omitempty"`
	Undo     string   `json:"undo,omitempty"`

	// priority is the target's, command what asks again.
	priority int
	wait     time.Duration
}

func (s Service) result(r Request) Result {
	out := Result{
		Namespace: s.Key.Namespace, Name: s.Key.Name, Target: r.Target, From: s.Active, Where: s.Where,
		Next: s.next(r), wait: r.Wait,
	}
	again := fmt.Sprintf("%s -n %s %s", r.Command, s.Key.Namespace, s.Key.Name)
	if s.Pin != nil {
		out.Pinned = s.Pin.Target
		out.Undo = again + " " + word(s.Pin.Target)
		if s.Pin.Reason != "" {
			out.Undo += " --reason " + word(s.Pin.Reason)
		}
	} else if r.Target != "" {
		out.Undo = again + " --auto"
	}
	if out.Pinned == r.Target && r.Target != "" {
		out.Undo = again + " --auto"
	}
	if t := s.target(r.Target); t != nil {
		out.priority = t.Priority
		if t.Trouble != "" {
			out.Warnings = append(out.Warnings, fmt.Sprintf("%s is not up now: %s; new connections fail until it is", t.Name, t.Trouble))
		}
	}
	return out
}

func (s Service) target(name string) *Target {
	for i := range s.Targets {
		if s.Targets[i].Name == name {
			return &s.Targets[i]
		}
	}
	return nil
}

// next is what happens to the service's clients.
func (s Service) next(r Request) string {
	const stay = "connections that are open stay where they are"
	what := "new ones"
	if s.Type == model.ExternalName {
		what = "clients that look the name up anew" // they connect by themselves
	}
	if r.Target != "" {
		if slices.Equal(s.Active, []string{r.Target}) {
			return stay + ", and new ones go where they went, whatever probes say"
		}
		return fmt.Sprintf("%s; %s go to %s, whatever probes say", stay, what, r.Target)
	}
	best := s.best()
	switch {
	case !s.Probed || slices.Equal(best, s.Active):
		return fmt.Sprintf("%s; %s go to the best tier (%s)", stay, what, strings.Join(best, ", "))
	case s.Failover.ManualFailback:
		return fmt.Sprintf("%s; %s go to %s as long as it is up: failback is Manual", stay, what, strings.Join(s.Active, ", "))
	}
	return fmt.Sprintf("%s; %s go to %s as long as it is up, and to the best tier (%s) once that has been up for %s",
		stay, what, strings.Join(s.Active, ", "), strings.Join(best, ", "), wire.Duration(s.Failover.FailbackDelay))
}

// best are the targets of the best tier.
func (s Service) best() []string {
	var all []string
	least := 0
	for _, t := range s.Targets {
		switch {
		case len(all) == 0 || t.Priority < least:
			all, least = []string{t.Name}, t.Priority
		case t.Priority == least:
			all = append(all, t.Name)
		}
	}
	return all
}

// Write prints the result for people.
func (r Result) Write(w io.Writer) error {
	key := r.Namespace + "/" + r.Name
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch {
	case r.Unchanged:
		add("%s is not pinned: there is nothing to let go of", key)
	case r.Target != "":
		add("%s is pinned to %s (priority %d)%s", key, r.Target, r.priority, r.before())
		add("  by       %s", why(r.By, r.Reason))
	default:
		add("%s is no longer pinned to %s", key, r.Pinned)
	}
	if !r.Unchanged {
		add("  written  %s", r.Where)
		add("  status   %s", r.status())
		add("  clients  %s", r.Next)
		add("  undo     %s", r.Undo)
	}
	for i := range lines {
		lines[i] = strings.Map(plain, lines[i])
	}
	if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// before is what was published, if that was something else.
func (r Result) before() string {
	if len(r.From) == 0 || slices.Equal(r.From, []string{r.Target}) {
		return ""
	}
	return ", and was served by " + strings.Join(r.From, ", ")
}

func (r Result) status() string {
	switch {
	case r.Followed:
		return "followed: " + strings.Join(r.Active, ", ") + " is published"
	case r.Target != "":
		return fmt.Sprintf("not followed within %s: fairlead status -n %s %s says more", r.wait, r.Namespace, r.Name)
	}
	return fmt.Sprintf("not followed within %s: the pin may still stand", r.wait)
}

func why(by, reason string) string {
	if reason == "" {
		return by
	}
	return by + ": " + reason
}
