package wire

import (
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// State is a service in one word.
type State string

// The states of a service.
const (
	// Ready: there is an endpoint to connect to, and nothing is amiss.
	Ready State = "Ready"
	// Degraded: there is an endpoint to connect to, yet another
	// condition is False.
	Degraded State = "Degraded"
	// NotReady: a client that connects now does not get through.
	NotReady State = "NotReady"
	// Unknown: nothing has been decided yet.
	Unknown State = "Unknown"
)

// Summary is a decision in short, so that the page and the table say the same.
type Summary struct {
	State State `json:"state"`
	// Reason and Message are those of the condition that the state comes from.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Since is when the service became ready, or ceased to be.
	Since time.Time `json:"since,omitzero"`
	// ReadyEndpoints of TotalEndpoints take traffic. Both are 0 for
	// ExternalName services, which have none.
	ReadyEndpoints int `json:"readyEndpoints"`
	TotalEndpoints int `json:"totalEndpoints"`
}

const (
	conditionTrue  = "True"
	conditionFalse = "False"
)

// summarize reads the conditions: Ready decides, and the first other one that
// is False takes the shine off.
func summarize(d Decision) Summary {
	s := Summary{State: Unknown, TotalEndpoints: len(d.Endpoints)}
	for _, e := range d.Endpoints {
		if e.Ready {
			s.ReadyEndpoints++
		}
	}
	for _, c := range d.Conditions {
		if c.Type != string(model.Ready) {
			continue
		}
		s.State, s.Reason, s.Message, s.Since = NotReady, c.Reason, c.Message, c.LastTransitionTime
		if c.Status == conditionTrue {
			s.State = Ready
		}
	}
	if s.State != Ready {
		return s
	}
	for _, c := range d.Conditions {
		if c.Status == conditionFalse {
			s.State, s.Reason, s.Message = Degraded, c.Reason, c.Message
			return s
		}
	}
	return s
}

// namespaceOf reads the namespace from KIND NAMESPACE/NAME.
func namespaceOf(object string) string {
	_, key, _ := strings.Cut(object, " ")
	ns, _, ok := strings.Cut(key, "/")
	if !ok {
		return ""
	}
	return ns
}
