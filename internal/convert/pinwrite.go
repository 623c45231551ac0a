package convert

import (
	"time"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// PinAnnotation is an annotation of an ExternalService that tells of a pin. One with
// an empty value is not to be there.
type PinAnnotation struct {
	Key, Value string
}

// PinAnnotations are all annotations that tell of a pin; with nil, of none.
func PinAnnotations(p *model.Pin) []PinAnnotation {
	if p == nil {
		p = &model.Pin{}
	}
	at := ""
	if !p.At.IsZero() {
		at = p.At.UTC().Format(time.RFC3339)
	}
	return []PinAnnotation{
		{v1alpha1.AnnotationPin, p.Target},
		{v1alpha1.AnnotationPinnedBy, p.By},
		{v1alpha1.AnnotationPinReason, p.Reason},
		{v1alpha1.AnnotationPinnedAt, at},
	}
}
