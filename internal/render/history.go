package render

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// pinned is who pinned the target that is published.
func pinned(p *model.Pin) *v1alpha1.PinStatus {
	out := &v1alpha1.PinStatus{By: p.By, Reason: p.Reason}
	if !p.At.IsZero() {
		at := metav1.NewTime(p.At.Truncate(time.Second))
		out.At = &at
	}
	return out
}

// history is in the precision in which it is stored: what is read back is what was
// written.
func history(moves []model.Transition) []v1alpha1.Transition {
	var out []v1alpha1.Transition
	for i := range moves[:min(len(moves), model.MaxHistory)] {
		m := &moves[i]
		t := v1alpha1.Transition{
			At: metav1.NewMicroTime(m.At.Truncate(time.Microsecond)), From: m.From, To: m.To,
			ToPriority: int32(m.ToPriority), Reason: m.Reason, Message: cutTo(m.Message, maxMoveWords),
		}
		if len(m.From) > 0 {
			from := int32(m.FromPriority)
			t.FromPriority = &from
		}
		if took := m.Took.Round(time.Millisecond); took > 0 {
			t.Took = &metav1.Duration{Duration: took}
		}
		out = append(out, t)
	}
	return out
}

// maxMoveWords is how much of a move's message is kept.
const maxMoveWords = 1024
