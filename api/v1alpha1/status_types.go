package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ExternalServiceStatus is what is published, and what is known of the targets.
// It is written when it changes, and not to say that nothing has.
type ExternalServiceStatus struct {
	// ObservedGeneration is the generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Conditions are Accepted, Resolved, Healthy, Programmed and Ready. True is
	// good, and Ready sums up.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// Active is the tier that is published. Absent while none is.
	// +optional
	Active *ActiveTier `json:"active,omitempty"`
	// Endpoints is how many endpoints are ready, of those that are published:
	// 2/3. Absent for type ExternalName, which has none.
	// +optional
	Endpoints string `json:"endpoints,omitempty"`
	// Targets are in the order of the spec.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Targets []TargetStatus `json:"targets,omitempty"`
	// History are the latest moves between targets, the newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	History []Transition `json:"history,omitempty"`
}

// ActiveTier is the tier that is published.
type ActiveTier struct {
	// Priority is the tier's.
	Priority int32 `json:"priority"`
	// Targets are the names of the targets that are published.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Targets []string `json:"targets"`
	// Summary is those names in one line, for kubectl get: a,b. It says if they
	// are pinned.
	// +optional
	Summary string `json:"summary,omitempty"`
	// Since is when the service moved to this tier.
	Since metav1.Time `json:"since"`
	// Pinned is set while a person's word, the annotation fairlead.dev/pin, says
	// what is published.
	// +optional
	Pinned *PinStatus `json:"pinned,omitempty"`
}

// PinStatus is who pinned a target, and why. Each may be unknown.
type PinStatus struct {
	// By is who said so.
	// +optional
	By string `json:"by,omitempty"`
	// Reason is why.
	// +optional
	Reason string `json:"reason,omitempty"`
	// At is when.
	// +optional
	At *metav1.Time `json:"at,omitempty"`
}

// Transition is one move from some targets to others.
type Transition struct {
	// At is when.
	At metav1.MicroTime `json:"at"`
	// From are the names of the targets before. Absent for the first ones.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	From []string `json:"from,omitempty"`
	// To are the names of the targets since.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	To []string `json:"to,omitempty"`
	// FromPriority is the tier before. Absent for the first one.
	// +optional
	FromPriority *int32 `json:"fromPriority,omitempty"`
	// ToPriority is the tier since.
	ToPriority int32 `json:"toPriority"`
	// Reason is one of the words of a history.
	Reason string `json:"reason"`
	// Message says it to a person.
	// +optional
	Message string `json:"message,omitempty"`
	// Took is how long it was from the first failed probe to the move. Absent
	// where nothing failed.
	// +optional
	// +kubebuilder:validation:Type=string
	Took *metav1.Duration `json:"took,omitempty"`
}

// TargetStatus is what is known about one target.
type TargetStatus struct {
	// Name is the target's.
	Name string `json:"name"`
	// Priority is its tier.
	// +optional
	Priority int32 `json:"priority"`
	// Addresses are the ones known now, ready or not.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1024
	Addresses []AddressStatus `json:"addresses,omitempty"`
	// Reason is one of the words that conditions have.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Message says it to a person.
	// +optional
	Message string `json:"message,omitempty"`
}

// AddressStatus is one address of a target.
type AddressStatus struct {
	// IP is an IPv4 or IPv6 address.
	IP string `json:"ip"`
	// Ready addresses take traffic while their target is published.
	Ready bool `json:"ready"`
	// Reason is why a probe failed, in one of the words of probes. Absent where it
	// passes, or there is none.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Message says it to a person. Of very many addresses only the first have one.
	// +optional
	Message string `json:"message,omitempty"`
}
