package wire

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// The reasons of a [Summary] that are not those of a condition.
const (
	// ReasonPinned: a person has said which target is published.
	ReasonPinned = "Pinned"
	// ReasonFailedOver: another tier than the best is published.
	ReasonFailedOver = "FailedOver"
)

// pinned says to what, by whom, when and why. A pin that is not followed is none; if
// it names no target, the condition Accepted says so.
func pinned(s Service, d Decision) (note, bool) {
	if s.Pin == nil || d.Pinned == "" {
		return note{}, false
	}
	p := s.Pin
	text := "pinned to " + p.Target
	if p.By != "" {
		text += " by " + p.By
	}
	if !p.At.IsZero() {
		text += " at " + stamp(p.At)
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return note{ReasonPinned, text}, true
}

// failedOver says from where a service is published, if that is not its best tier,
// and what keeps it from there.
func failedOver(s Service, d Decision) (note, bool) {
	best, ok := better(d)
	if !ok || len(d.Active) == 0 {
		return note{}, false
	}
	text := "serves from " + tier(d)
	if !d.ActiveSince.IsZero() {
		text += " since " + stamp(d.ActiveSince)
	}
	return note{ReasonFailedOver, text + ": " + hindrance(s.Failover, best)}, true
}

// better is the target of a better tier than the published one that a person would
// ask for first: of the best tier, the first that has an endpoint down.
func better(d Decision) (TargetStatus, bool) {
	var best TargetStatus
	found, bad := false, false
	for _, t := range d.Targets {
		down, _ := t.count()
		switch {
		case t.Priority >= d.Priority, found && t.Priority > best.Priority:
			continue
		case !found, t.Priority < best.Priority, !bad && down > 0:
			best, found, bad = t, true, down > 0
		}
	}
	return best, found
}

// hindrance is why a target of a better tier is not published now.
func hindrance(f Failover, t TargetStatus) string {
	down, up := t.count()
	switch {
	case down > 0 && up == 0:
		return t.Name + " is down: " + t.failure()
	case down > 0:
		return fmt.Sprintf("%d of %d endpoints of %s are up: %s", up, len(t.Checks), t.Name, t.failure())
	case up > 0 && f.Failback == failbackManual:
		return t.Name + " is up again, and failback is manual"
	case up > 0 && f.FailbackDelay == 0:
		return t.Name + " is up again, and takes over"
	case up > 0:
		return fmt.Sprintf("%s is up again, and takes over once it was up for %s", t.Name, f.FailbackDelay)
	case t.Message != "":
		return t.Name + ": " + t.Message
	}
	return t.Name + " is not known to be up"
}

// count counts the endpoints that are known to be down, and up.
func (t TargetStatus) count() (down, up int) {
	for _, c := range t.Checks {
		switch c.Verdict {
		case Down:
			down++
		case Up:
			up++
		}
	}
	return down, up
}

// Down reports whether every endpoint of the target is known to be down.
func (t TargetStatus) Down() bool {
	down, _ := t.count()
	return down > 0 && down == len(t.Checks)
}

// failure is that of the first endpoint that is down, with its address once.
func (t TargetStatus) failure() string {
	for _, c := range t.Checks {
		if c.Verdict != Down {
			continue
		}
		at, why := c.Address.String(), cmp.Or(c.Message, c.Reason)
		if strings.Contains(why, at) {
			return why
		}
		return at + ": " + why
	}
	return t.Message
}

// tier is the published one, with its targets: priority 1 (standby).
func tier(d Decision) string {
	text := fmt.Sprintf("priority %d", d.Priority)
	for i, name := range d.Active {
		if i == 0 {
			text += " ("
		} else {
			text += ", "
		}
		text += name
	}
	return text + ")"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
