package kube

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"fairlead.dev/api/v1alpha1"
)

// listener keeps what was recorded.
type listener struct{ said []string }

func (h *listener) Eventf(_, _ runtime.Object, kind, reason, _, note string, args ...any) {
	h.said = append(h.said, kind+" "+reason+" "+fmt.Sprintf(note, args...))
}

func conditions(words ...string) []metav1.Condition {
	var all []metav1.Condition
	for i := 0; i+2 < len(words); i += 3 {
		all = append(all, metav1.Condition{Type: words[i], Status: metav1.ConditionStatus(words[i+1]), Reason: words[i+2], Message: "of " + words[i+2]})
	}
	return all
}

// TestTransitions is the table of what is news.
func TestTransitions(t *testing.T) {
	good := conditions("Accepted", "True", "Accepted", "Resolved", "True", "Resolved", "Programmed", "True", "Programmed", "Ready", "True", "EndpointsReady")
	for _, tt := range []struct {
		name          string
		before, after []metav1.Condition
		want          []string
	}{
		{"it comes to be", nil, good, []string{"Normal EndpointsReady of EndpointsReady"}},
		{"nothing changes", good, good, nil},
		{"it is looked up", nil, conditions("Resolved", "False", "Pending", "Ready", "False", "Pending"), nil},
		{
			"DNS fails, and what was known stays", good,
			conditions("Accepted", "True", "Accepted", "Resolved", "False", "LookupFailed", "Programmed", "True", "Programmed", "Ready", "True", "EndpointsReady"),
			[]string{"Warning LookupFailed of LookupFailed"},
		},
		{"one cause is told once", nil, conditions("Accepted", "False", "ServiceExists", "Ready", "False", "ServiceExists"), []string{"Warning ServiceExists of ServiceExists"}},
		{"it is well again", conditions("Resolved", "False", "LookupFailed", "Ready", "True", "EndpointsReady"), conditions("Resolved", "True", "Resolved", "Ready", "True", "EndpointsReady"), []string{"Normal Resolved of Resolved"}},
		{"it is well once its name is known", conditions("Resolved", "False", "Pending", "Ready", "False", "Pending"), conditions("Resolved", "True", "Resolved", "Ready", "True", "EndpointsReady"), []string{"Normal EndpointsReady of EndpointsReady"}},
		{"it is probed", nil, conditions("Healthy", "False", "NotProbedYet"), nil},
		{"its first probe passes", conditions("Healthy", "False", "NotProbedYet"), conditions("Healthy", "True", "ProbesPass"), nil},
		{"its probes fail", conditions("Healthy", "True", "ProbesPass"), conditions("Healthy", "False", "AllEndpointsDown"), []string{"Warning AllEndpointsDown of AllEndpointsDown"}},
		{"its probes pass again", conditions("Healthy", "False", "AllEndpointsDown"), conditions("Healthy", "True", "ProbesPass"), []string{"Normal ProbesPass of ProbesPass"}},
		{"good for another reason", conditions("Resolved", "True", "Fixed"), conditions("Resolved", "True", "Resolved"), nil},
		{"bad for another reason", conditions("Ready", "False", "Missing"), conditions("Ready", "False", "NameNotFound"), []string{"Warning NameNotFound of NameNotFound"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := new(listener)
			r := &recorder{events: h}
			r.transitions(nil, tt.before, tt.after)
			if !slices.Equal(h.said, tt.want) {
				t.Errorf("%q", h.said)
			}
		})
	}
}

// TestMoves: what a history has more than before is told, the oldest first.
func TestMoves(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	move := func(minute int, reason string, from ...string) v1alpha1.Transition {
		return v1alpha1.Transition{At: metav1.NewMicroTime(at.Add(time.Duration(minute) * time.Minute)), From: from, To: []string{"b"}, Reason: reason, Message: "so it is"}
	}
	h := new(listener)
	r := &recorder{events: h}
	before := []v1alpha1.Transition{move(1, "TierDown", "a"), move(0, "Started")}
	r.moves(nil, nil, before[1:])
	r.moves(nil, before, append([]v1alpha1.Transition{move(3, "TierDown", "c", "d"), move(2, "Failback", "a")}, before...))
	want := []string{"Normal Failback from a to b: so it is", "Warning TierDown from c, d to b: so it is"}
	if !slices.Equal(h.said, want) {
		t.Errorf("%q, want %q", h.said, want)
	}
}
