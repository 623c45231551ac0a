package render_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/render"
)

// TestMoved is the table of what a status says although lookups are still under way.
func TestMoved(t *testing.T) {
	said := func(active *v1alpha1.ActiveTier) *v1alpha1.ExternalServiceStatus {
		return &v1alpha1.ExternalServiceStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady}}, Active: active}
	}
	tier := func(priority int32, targets ...string) *v1alpha1.ActiveTier {
		return &v1alpha1.ActiveTier{Priority: priority, Targets: targets}
	}
	pinned := tier(0, "a")
	pinned.Pinned = &v1alpha1.PinStatus{By: "ann"}
	for _, tt := range []struct {
		name   string
		before *v1alpha1.ExternalServiceStatus
		after  *v1alpha1.ActiveTier
		want   bool
	}{
		{"as it was", said(tier(0, "a", "b")), tier(0, "a", "b"), false},
		{"nothing is published yet", said(tier(0, "a")), nil, false},
		{"to another tier", said(tier(0, "a")), tier(1, "b"), true},
		{"to another priority of the same target", said(tier(0, "a")), tier(1, "a"), true},
		{"to another target of the tier", said(tier(0, "a")), tier(0, "b"), true},
		{"the first that is published", said(nil), tier(0, "a"), true},
		{"pinned where it was", said(tier(0, "a")), pinned, true},
		{"let go where it was", said(pinned), tier(0, "a"), true},
		{"nothing was said yet", &v1alpha1.ExternalServiceStatus{}, tier(0, "a"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := render.Moved(tt.before, said(tt.after)); got != tt.want {
				t.Errorf("moved: %t, want %t", got, tt.want)
			}
		})
	}
}
