package wire

import (
	"net/netip"
	"time"
)

// Decision is what is published for one service, and why.
type Decision struct {
	// Active names the targets that are published, of the tier Priority, since
	// ActiveSince.
	Active      []string  `json:"active,omitempty"`
	Priority    int       `json:"priority"`
	ActiveSince time.Time `json:"activeSince,omitzero"`
	// Pinned is the target of the pin that is followed; empty for none.
	Pinned string `json:"pinned,omitempty"`
	// History are the latest moves between targets, the newest first.
	History    []Transition   `json:"history,omitempty"`
	Endpoints  []Endpoint     `json:"endpoints,omitempty"`
	External   *External      `json:"external,omitempty"`
	Targets    []TargetStatus `json:"targets,omitempty"`
	Conditions []Condition    `json:"conditions,omitempty"`
}

// External is the outside name of an ExternalName service.
type External struct {
	Name string   `json:"name"`
	A    Resolved `json:"a"`
	AAAA Resolved `json:"aaaa"`
}

// Resolved is a name's answer for one record type.
type Resolved struct {
	// Known is false until the outside DNS has said anything about the name.
	Known     bool         `json:"known"`
	Aliases   []Alias      `json:"aliases,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
	At        time.Time    `json:"at,omitzero"`
	TTL       Duration     `json:"ttl,omitzero"`
}

// Alias is one CNAME record.
type Alias struct {
	Name   string   `json:"name"`
	Target string   `json:"target"`
	TTL    Duration `json:"ttl"`
}

// TargetStatus is what is known about one target.
type TargetStatus struct {
	Name     string `json:"name"`
	Priority int    `json:"priority"`
	// Where is the target in a person's words.
	Where     string       `json:"where"`
	Active    bool         `json:"active"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Reason    string       `json:"reason,omitempty"`
	Message   string       `json:"message,omitempty"`
	// ResolvedAt is when DNS last confirmed the addresses.
	ResolvedAt time.Time `json:"resolvedAt,omitzero"`
	// Checks are what probes say of its endpoints; none without a probe.
	Checks []Check `json:"checks,omitempty"`
}

// Condition is one fact about a service. True is good.
type Condition struct {
	Type string `json:"type"`
	// Status is True or False.
	Status             string    `json:"status"`
	Reason             string    `json:"reason"`
	Message            string    `json:"message"`
	LastTransitionTime time.Time `json:"lastTransitionTime,omitzero"`
}
