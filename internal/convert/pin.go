package convert

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// pin reads a person's word on which target is published; nil if there is none. One
// that names no target stays for the condition Accepted to tell of, and pins
// nothing.
func (r *report) pin(targets []model.Target) *model.Pin {
	name := r.meta.Annotations[v1alpha1.AnnotationPin]
	if name == "" {
		return nil
	}
	p := &model.Pin{
		Target: shorten(name),
		By:     shorten(r.meta.Annotations[v1alpha1.AnnotationPinnedBy]),
		Reason: shorten(r.meta.Annotations[v1alpha1.AnnotationPinReason]),
	}
	if text := r.meta.Annotations[v1alpha1.AnnotationPinnedAt]; text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			r.warn("InvalidValue", annotation(v1alpha1.AnnotationPinnedAt), fmt.Sprintf("%q is not a time, and nobody is told when it was pinned", shorten(text)),
				"write it as RFC 3339 has it, such as 2026-01-02T15:04:05Z")
		}
		p.At = t.UTC()
	}
	names := make([]string, len(targets))
	for i := range targets {
		names[i] = targets[i].Name
	}
	if !slices.Contains(names, name) {
		r.warn(v1alpha1.ReasonPinUnknown, annotation(v1alpha1.AnnotationPin),
			fmt.Sprintf("no target is called %q, so nothing is pinned: there are %s", p.Target, strings.Join(names, ", ")),
			fmt.Sprintf("write %s, or remove the annotation", cmp.Or(Nearest(p.Target, names), orList(names))))
	}
	return p
}
