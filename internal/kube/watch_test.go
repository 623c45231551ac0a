package kube

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/event"

	"fairlead.dev/api/v1alpha1"
)

func TestSpecChanged(t *testing.T) {
	before := &v1alpha1.ExternalService{}
	before.Generation, before.UID = 3, "a"
	before.Annotations = map[string]string{v1alpha1.AnnotationPin: "standby", "example.com/owner": "maria"}
	for name, tt := range map[string]struct {
		change func(*v1alpha1.ExternalService)
		want   bool
	}{
		"nothing":              {func(*v1alpha1.ExternalService) {}, false},
		"the status":           {func(e *v1alpha1.ExternalService) { e.Status.Endpoints = "1/1" }, false},
		"the spec":             {func(e *v1alpha1.ExternalService) { e.Generation++ }, true},
		"it was replaced":      {func(e *v1alpha1.ExternalService) { e.UID = "b" }, true},
		"somebody's own words": {func(e *v1alpha1.ExternalService) { e.Annotations["example.com/owner"] = "jo" }, false},
		"the pin":              {func(e *v1alpha1.ExternalService) { e.Annotations[v1alpha1.AnnotationPin] = "primary" }, true},
		"the pin is gone":      {func(e *v1alpha1.ExternalService) { e.Annotations = nil }, true},
		"who pinned it":        {func(e *v1alpha1.ExternalService) { e.Annotations[v1alpha1.AnnotationPinnedBy] = "jo" }, true},
		"why it is pinned":     {func(e *v1alpha1.ExternalService) { e.Annotations[v1alpha1.AnnotationPinReason] = "disk" }, true},
		"when it was pinned": {func(e *v1alpha1.ExternalService) {
			e.Annotations[v1alpha1.AnnotationPinnedAt] = "2026-11-25T18:00:00Z"
		}, true},
	} {
		after := before.DeepCopy()
		tt.change(after)
		if got := specChanged().Update(event.TypedUpdateEvent[*v1alpha1.ExternalService]{ObjectOld: before, ObjectNew: after}); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
