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
	// Degraded: there is an endpoint to connect to, yet the service is pinned, is
	// published from another tier than its best, or another condition is False.
	Degraded State = "Degraded"
	// NotReady: a client that connects now does not get through.
	NotReady State = "NotReady"
	// Unknown: nothing has been decided yet.
	Unknown State = "Unknown"
)

// Summary is a decision in short, so that the page and the table say the same.
type Summary struct {
	State State `json:"state"`
	// Reason and Message are those of the condition that the state comes from, or
	// ReasonPinned or ReasonFailedOver.
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

// summarize reads the conditions: Ready decides. That a service is pinned, is not
// where it should be, or has another condition that is False takes the shine off,
// in this order; all that there is to say stands in the message.
func summarize(svc Service, d Decision) Summary {
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
	switch s.State {
	case Ready:
		return s.but(notes(svc, d))
	case NotReady:
		if n, ok := pinned(svc, d); ok {
			s.Message += "; " + n.message
		}
	case Degraded, Unknown:
	}
	return s
}

// note is something that a person should know although there is an endpoint to
// connect to.
type note struct{ reason, message string }

func notes(svc Service, d Decision) []note {
	var all []note
	if n, ok := pinned(svc, d); ok {
		all = append(all, n)
	} else if n, ok := failedOver(svc, d); ok {
		all = append(all, n)
	}
	for _, c := range d.Conditions {
		if c.Status == conditionFalse {
			return append(all, note{c.Reason, c.Message})
		}
	}
	return all
}

// but makes a service that is ready degraded, if there is anything to note.
func (s Summary) but(notes []note) Summary {
	var messages []string
	for i, n := range notes {
		if i == 0 {
			s.State, s.Reason = Degraded, n.reason
		}
		messages = append(messages, n.message)
	}
	if len(messages) > 0 {
		s.Message = strings.Join(messages, "; ")
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
