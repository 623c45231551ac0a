package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Failover says when the service moves between tiers.
type Failover struct {
	// Failback is Automatic, or Manual so that the service stays where it is,
	// while that is up, until a person moves it back. Defaults to Automatic.
	// +optional
	// +kubebuilder:default=Automatic
	// +kubebuilder:validation:Enum=Automatic;Manual
	Failback string `json:"failback,omitempty"`
	// FailbackDelay is how long the better tier must be up without a break first.
	// Defaults to 1m.
	// +optional
	// +kubebuilder:default="1m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 1m"
	FailbackDelay *metav1.Duration `json:"failbackDelay,omitempty"`
	// WhenAllDown is KeepLast, so that the endpoints that were ready last stay
	// ready, or Withdraw, so that none is. Defaults to KeepLast.
	// +optional
	// +kubebuilder:default=KeepLast
	// +kubebuilder:validation:Enum=KeepLast;Withdraw
	WhenAllDown string `json:"whenAllDown,omitempty"`
	// MinimumReady is how many endpoints of a tier must be up for it to count as
	// up. Defaults to 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	MinimumReady int32 `json:"minimumReady,omitempty"`
}

// Resolution bounds how names are looked up.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxInterval) || duration(self.maxInterval) >= (has(self.minInterval) ? duration(self.minInterval) : duration('100ms'))",message="shorter than minInterval, or than the 100ms that DNS servers are spared: write a longer maxInterval",fieldPath=".maxInterval"
type Resolution struct {
	// MinInterval is the floor under a record's TTL. Defaults to 1s, or to
	// maxInterval if that is shorter. At least 100ms.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 5s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') || duration(self) >= duration('100ms')",message="too short for the DNS servers asked: write 100ms or more"
	MinInterval *metav1.Duration `json:"minInterval,omitempty"`
	// MaxInterval is the ceiling over a record's TTL. Defaults to 5m, or to
	// minInterval if that is longer.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 5m"
	MaxInterval *metav1.Duration `json:"maxInterval,omitempty"`
	// MissingGrace is how long NXDOMAIN or an empty answer must last before it
	// is believed. Defaults to 1m.
	// +optional
	// +kubebuilder:default="1m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 1m"
	MissingGrace *metav1.Duration `json:"missingGrace,omitempty"`
	// Retain keeps addresses that rotate out of a large answer this long.
	// Defaults to 0s.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 30s"
	Retain *metav1.Duration `json:"retain,omitempty"`
}
