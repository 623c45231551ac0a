package failover

import (
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// Memory is what the world still knows of a decision that nobody remembers: from an
// object's status, and from the endpoints that stand.
type Memory struct {
	// Active are the targets that were published, of the tier Priority, since Since.
	Active   []string
	Priority int
	Since    time.Time
	// Pinned is the target of the pin that was followed; empty for none.
	Pinned   string
	History  []model.Transition
	Standing []model.Endpoint
}

// Recall is the state of a decision as far as it can be recalled, so that a restart
// changes nothing that is published. Its zero value is that of a service about which
// nothing was ever decided.
func Recall(s *model.Service, m Memory) model.State {
	state := model.State{History: m.History}
	if overtaken(s, &m) || carriedOut(s, &m) {
		if active, priority, pinned := owners(s, m.Standing); len(active) > 0 {
			state.Left, state.LeftPriority = m.Active, m.Priority
			m.Active, m.Priority, m.Pinned = active, priority, pinned
		}
	}
	if len(m.Active) > 0 {
		state.Decided, state.Active, state.Priority, state.Since, state.Pinned = true, m.Active, m.Priority, m.Since, m.Pinned
	}
	// In slices ports stand in an order of their own.
	standing, r := slices.Clone(m.Standing), resolver{in: Input{Service: *s}}
	for i := range standing {
		if ports, ok := r.inOrder(standing[i].Ports); ok {
			standing[i].Ports = ports
		}
	}
	if len(standing) > 0 {
		state.Ready = ready(standing) // whoever was published, and also where a probe is yet to come
	}
	if s.Probe == nil && s.Resolution.Retain <= 0 {
		return state
	}
	state.Given = map[string][]model.Given{}
	for i := range s.Targets {
		t := &s.Targets[i]
		if t.Hostname == "" || !slices.Contains(m.Active, t.Name) {
			continue
		}
		p := place{status: model.TargetStatus{Name: t.Name, Where: where(*t)}}
		for _, e := range standing {
			if e.Target == t.Name {
				state.Given[p.key()] = append(state.Given[p.key()], model.Given{Endpoint: e, Host: t.Hostname})
			}
		}
	}
	return state
}

// overtaken reports whether what stands is none of the targets' that a memory calls
// active: endpoints are written before a status, and the process has ended in between.
func overtaken(s *model.Service, m *Memory) bool {
	there := false
	for i := range s.Targets {
		t := &s.Targets[i]
		if !slices.Contains(m.Active, t.Name) {
			continue
		}
		there = true
		if slices.ContainsFunc(m.Standing, func(e model.Endpoint) bool { return mayOwn(t, e) }) {
			return false
		}
	}
	return there && len(m.Standing) > 0
}

// carriedOut reports whether a pin is followed already of which a memory does not tell:
// nothing but the pinned target's stands.
func carriedOut(s *model.Service, m *Memory) bool {
	if s.Pin == nil || m.Pinned == s.Pin.Target || len(m.Active) == 0 || len(m.Standing) == 0 {
		return false
	}
	return !slices.ContainsFunc(m.Standing, func(e model.Endpoint) bool { return e.Target != s.Pin.Target })
}

// mayOwn reports whether an endpoint that stands may be a target's.
func mayOwn(t *model.Target, e model.Endpoint) bool {
	if e.Target != "" || len(t.Addresses) == 0 {
		return e.Target == "" || e.Target == t.Name
	}
	return slices.Contains(t.Addresses, e.Addr)
}

// owners are the targets of one tier that endpoints belong to, its priority, and the pin
// that was followed if it names one of them alone. None are, where nobody knows.
func owners(s *model.Service, standing []model.Endpoint) (active []string, priority int, pinned string) {
	for i := range s.Targets {
		t := &s.Targets[i]
		owns := slices.ContainsFunc(standing, func(e model.Endpoint) bool {
			return e.Target == t.Name || e.Target == "" && slices.Contains(t.Addresses, e.Addr)
		})
		if !owns || len(active) > 0 && t.Priority != priority {
			continue
		}
		active, priority = append(active, t.Name), t.Priority
	}
	if s.Pin != nil && slices.Equal(active, []string{s.Pin.Target}) {
		pinned = s.Pin.Target
	}
	return active, priority, pinned
}
