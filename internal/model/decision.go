package model

import (
	"net/netip"
	"time"
)

// Decision is what is published for one service, and why. It is returned by
// package failover and carried out by the edges.
type Decision struct {
	// Active names the targets that are published, of the tier Priority, since
	// ActiveSince.
	Active      []string  `json:"active,omitempty"`
	Priority    int       `json:"priority"`
	ActiveSince time.Time `json:"activeSince,omitzero"`
	// History are the latest moves between targets, the newest first.
	History []Transition `json:"history,omitempty"`
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
	// Checks are the endpoints that must be probed for it; Urgent are those of them
	// that are to be probed at once, unless that was done after the time.
	Checks []Check             `json:"-"`
	Urgent map[Check]time.Time `json:"-"`
	// State is what the next decision has to know of this one.
	State State `json:"-"`
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
	// Checks are what probes say of its endpoints; none without a probe.
	Checks []CheckStatus `json:"checks,omitempty"`
}

// CheckStatus is what probes say of one endpoint.
type CheckStatus struct {
	Addr    netip.AddrPort `json:"addr"`
	Verdict Verdict        `json:"verdict,omitempty"`
	Since   time.Time      `json:"since,omitzero"`
	// Reason and Message are those of the failure that took it down, or of the
	// warning that it goes with.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Transition is one move from some targets to others.
type Transition struct {
	At time.Time `json:"at"`
	// From and To are the names of the targets before and after. From is empty for
	// the first ones.
	From []string `json:"from,omitempty"`
	To   []string `json:"to,omitempty"`
	// FromPriority and ToPriority are their tiers.
	FromPriority int    `json:"fromPriority"`
	ToPriority   int    `json:"toPriority"`
	Reason       string `json:"reason"`
	Message      string `json:"message"`
	// Took is how long it was from the first failed probe to the move; zero where
	// nothing failed.
	Took time.Duration `json:"took,omitempty"`
}

// MaxHistory is how many transitions are kept.
const MaxHistory = 10

// State is what a decision has to know of the one before it. Its zero value is
// that of a service about which nothing was decided yet.
type State struct {
	// Decided is whether Priority and Active mean anything.
	Decided  bool
	Priority int
	Active   []string
	Since    time.Time
	// Ready is whether each published endpoint took traffic, by its address and first
	// port, and by its address with port 0 whether one of them did.
	Ready map[netip.AddrPort]bool
	// UpSince is since when each tier has been up without a break.
	UpSince map[int]time.Time
	// Given are the endpoints that DNS gave each target last, by the target's name
	// and place, and Former those that it gave before.
	Given   map[string][]Given
	Former  []Former
	History []Transition
	// Pinned is the target of the pin that was followed; empty for none.
	Pinned string
	// Left are the targets, of the tier LeftPriority, that were published before Active
	// as far as history tells; none where it tells of the move.
	Left         []string
	LeftPriority int
}

// Given is an endpoint that DNS gives, with the name of its host.
type Given struct {
	Endpoint Endpoint
	Host     string
}

// Former is an endpoint that DNS gives no more.
type Former struct {
	Given
	// Of is the target that it belonged to, by name and place.
	Of string
	// Gone is since when.
	Gone time.Time
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
	// ResolvedRefs: the Secrets and ConfigMaps that the gateway names are to be had.
	// Absent where it names none.
	ResolvedRefs ConditionType = "ResolvedRefs"
	// Verified: the certificates of targets are verified. Absent without TLS to them.
	Verified ConditionType = "Verified"
	// Programmed: listeners and records stand as decided.
	Programmed ConditionType = "Programmed"
	// Healthy: an endpoint that is published passes its probe. Absent without a
	// probe.
	Healthy ConditionType = "Healthy"
	// Ready: there is an endpoint to connect to, or a name with addresses, that is
	// not known to be down.
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
