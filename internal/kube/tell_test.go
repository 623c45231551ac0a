package kube

import (
	"testing"

	"fairlead.dev/api/v1alpha1"
)

// TestMoved is the table of what a status says although lookups are still under way.
func TestMoved(t *testing.T) {
	tier := func(priority int32, targets ...string) *v1alpha1.ActiveTier {
		return &v1alpha1.ActiveTier{Priority: priority, Targets: targets}
	}
	pinned := tier(0, "a")
	pinned.Pinned = &v1alpha1.PinStatus{By: "ann"}
	for _, tt := range []struct {
		name          string
		before, after *v1alpha1.ActiveTier
		want          bool
	}{
		{"as it was", tier(0, "a", "b"), tier(0, "a", "b"), false},
		{"nothing is published yet", tier(0, "a"), nil, false},
		{"to another tier", tier(0, "a"), tier(1, "b"), true},
		{"to another priority of the same target", tier(0, "a"), tier(1, "a"), true},
		{"to another target of the tier", tier(0, "a"), tier(0, "b"), true},
		{"the first that is published", nil, tier(0, "a"), true},
		{"pinned where it was", tier(0, "a"), pinned, true},
		{"let go where it was", pinned, tier(0, "a"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said := v1alpha1.ExternalServiceStatus{Conditions: conditions("Resolved", "True", "Resolved"), Active: tt.before}
			if got := moved(&said, &v1alpha1.ExternalServiceStatus{Active: tt.after}); got != tt.want {
				t.Errorf("moved: %t, want %t", got, tt.want)
			}
			if moved(&v1alpha1.ExternalServiceStatus{}, &v1alpha1.ExternalServiceStatus{Active: tt.after}) {
				t.Error("a service of which nothing was said yet waits for its first lookup")
			}
		})
	}
}
