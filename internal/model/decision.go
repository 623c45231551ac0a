package model

import (
	"net/netip"
	"time"
)

// Decision is what is published for one service, and why. It is returned by
// package failover and carried out by the edges.
type Decision struct {
	// Active names the targets that are published, of the tier Priority.
	Active   []string `json:"active,omitempty"`
	Priority int      `json:"priority"`
	// Endpoints are published in this order. Unready ones are known, and take no
	// traffic.
	Endpoints []Endpoint `json:"endpoints,omitempty"`
	// External is the name and the addresses behind a service of type
	// ExternalName. Nil for other types.
	External   *External      `json:"external,omitempty"`
	Targets    []TargetStatus `json:"targets,omitempty"`
	Conditions []Condition    `json:"conditions,omitempty"`

	// Questions are what must be kept answered for this decision to stay true.
	Questions []Question `json:"-"`
	// Settled says that nothing which was published before the service's present
	// names were answered is needed any more.
	Settled bool `json:"-"`
	// Next is when to decide again even if nothing is observed until then. Zero
	// means never.
	Next time.Time `json:"-"`
}

// External is the outside name of an ExternalName service, with what it
// resolves to.
type External struct {
	// Name is the CNAME's target, as written, without a trailing dot.
	Name string   `json:"name"`
	A    Resolved `json:"a"`
	AAAA Resolved `json:"aaaa"`
}

// Resolved is a name's answer for one record type.
type Resolved struct {
	// Known is false until the outside DNS has said anything about the name;
	// then ask it directly.
	Known   bool         `json:"known"`
	Aliases []Alias      `json:"aliases,omitempty"`
	Addrs   []netip.Addr `json:"addrs,omitempty"`
	// At is when the answer came, TTL its time to live then.
	At  time.Time     `json:"at,omitzero"`
	TTL time.Duration `json:"ttl,omitempty"`
}

// TargetStatus is what is known about one target.
type TargetStatus struct {
	Name     string `json:"name"`
	Priority int    `json:"priority"`
	// Where is the target in a person's words: its hostname, SRV name or addresses.
	Where  string `json:"where"`
	Active bool   `json:"active"`
	// Addresses are the ones known now.
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Reason    string       `json:"reason,omitempty"`
	Message   string       `json:"message,omitempty"`
	// ResolvedAt is when the addresses were last confirmed by DNS. Zero for
	// fixed addresses.
	ResolvedAt time.Time `json:"resolvedAt,omitzero"`
}

// ConditionType is a condition's name. Names, polarity and shape follow the
// Gateway API: True is good, and Ready sums up.
type ConditionType string

// The conditions of a service.
const (
	// Accepted: what is written now is followed, in whole, and nothing else claims
	// its place.
	Accepted ConditionType = "Accepted"
	// Resolvable is the condition Resolved: DNS confirms the published tier's
	// addresses, or they need no DNS.
	Resolvable ConditionType = "Resolved"
	// Programmed: listeners and records stand as decided.
	Programmed ConditionType = "Programmed"
	// Ready: there is an endpoint to connect to, or a name with addresses. Nothing
	// is probed.
	Ready ConditionType = "Ready"
)

// Condition is one fact about a service, with one reason for machines and one
// message for people.
type Condition struct {
	Type    ConditionType `json:"type"`
	Status  bool          `json:"status"`
	Reason  string        `json:"reason"`
	Message string        `json:"message"`
	// Since is when Status last changed.
	Since time.Time `json:"since,omitzero"`
}

// Condition returns the condition of type t, and whether there is one.
func (d *Decision) Condition(t ConditionType) (Condition, bool) {
	for _, c := range d.Conditions {
		if c.Type == t {
			return c, true
		}
	}
	return Condition{}, false
}
