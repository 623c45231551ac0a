package kube

import (
	"maps"
	"testing"

	"fairlead.dev/api/v1alpha1"
)

// TestOwners: whose an address is, as far as a status tells.
func TestOwners(t *testing.T) {
	target := func(name string, ips ...string) v1alpha1.TargetStatus {
		s := v1alpha1.TargetStatus{Name: name}
		for _, ip := range ips {
			s.Addresses = append(s.Addresses, v1alpha1.AddressStatus{IP: ip})
		}
		return s
	}
	status := v1alpha1.ExternalServiceStatus{
		Active: &v1alpha1.ActiveTier{Targets: []string{"a", "b"}},
		Targets: []v1alpha1.TargetStatus{
			target("a", "10.0.0.1", "10.0.0.2"), target("b", "10.0.0.2", "10.0.0.3"), target("standby", "10.0.0.3", "10.0.0.4"),
		},
	}
	want := map[string]string{"10.0.0.1": "a", "10.0.0.2": "", "10.0.0.3": "b", "10.0.0.4": "standby"}
	if got := owners(&status); !maps.Equal(got, want) {
		t.Errorf("addresses belong to %v, want %v", got, want)
	}
	status.Active = nil
	want["10.0.0.3"] = ""
	if got := owners(&status); !maps.Equal(got, want) {
		t.Errorf("with nothing active addresses belong to %v, want %v", got, want)
	}
}
