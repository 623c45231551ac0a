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
