package kube

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

// maxNote is how long the note of an Event may be (events.k8s.io/v1).
const maxNote = 1024

// recorder tells people, as Events, what has changed.
type recorder struct {
	events events.EventRecorder
}

// transitions records one Event for each condition whose status or reason has
// changed, with the condition's own reason and message. What is as it should be
// is news only for Ready, and where it was otherwise.
func (r *recorder) transitions(object runtime.Object, before, after []metav1.Condition) {
	said := map[string]bool{}
	for i := range after {
		c := &after[i]
		was := meta.FindStatusCondition(before, c.Type)
		good := c.Status == metav1.ConditionTrue
		switch {
		case was != nil && was.Status == c.Status && was.Reason == c.Reason:
			continue
		case good && was == nil && c.Type != v1alpha1.ConditionReady:
			continue
		case good && was != nil && was.Status == metav1.ConditionTrue:
			continue
		case underWay(c) || said[c.Reason+c.Message]:
			continue
		case good && was != nil && underWay(was) && c.Type != v1alpha1.ConditionReady:
			continue
		}
		said[c.Reason+c.Message] = true
		kind := corev1.EventTypeWarning
		if good {
			kind = corev1.EventTypeNormal
		}
		r.record(object, kind, c.Reason, "Publish", c.Message)
	}
}

// underWay reports whether the first lookup, or the first probes, are not over.
func underWay(c *metav1.Condition) bool {
	return c.Reason == v1alpha1.ReasonPending || c.Reason == v1alpha1.ReasonUnjudged
}

// moves records one Event for each move between targets that was not there before.
// The first targets are no news.
func (r *recorder) moves(object runtime.Object, before, after []v1alpha1.Transition) {
	for i := len(after) - 1; i >= 0; i-- {
		m := &after[i]
		known := slices.ContainsFunc(before, func(o v1alpha1.Transition) bool { return o.At.Equal(&m.At) })
		if known || len(m.From) == 0 {
			continue
		}
		kind := corev1.EventTypeNormal
		if m.Reason == v1alpha1.ReasonTierDown {
			kind = corev1.EventTypeWarning
		}
		r.record(object, kind, m.Reason, "Move", fmt.Sprintf("from %s to %s: %s", strings.Join(m.From, ", "), strings.Join(m.To, ", "), m.Message))
	}
}

// problems records what is wrong with an object as it is written.
func (r *recorder) problems(object runtime.Object, all []convert.Problem) {
	for _, p := range all {
		kind := corev1.EventTypeWarning
		if p.Severity == model.Info {
			kind = corev1.EventTypeNormal
		}
		r.record(object, kind, p.Reason, "Read", sentence(p))
	}
}

func (r *recorder) record(object runtime.Object, kind, reason, action, note string) {
	if len(note) > maxNote {
		note = strings.ToValidUTF8(note[:maxNote-3], "") + "..."
	}
	r.events.Eventf(object, nil, kind, reason, action, "%s", note)
}

// sentence is FIELD: what is wrong; what to write.
func sentence(p convert.Problem) string {
	s := p.Message
	if p.Field != "" {
		s = p.Field + ": " + s
	}
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	return s
}
