package render

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// keepSaid keeps what was said of endpoints before a restart until their probes
// have ended: that a process is new is no news of theirs.
func keepSaid(s *v1alpha1.ExternalServiceStatus, p *model.Published, standing *v1alpha1.ExternalServiceStatus) {
	if s.ObservedGeneration != standing.ObservedGeneration || p.Service.Probe == nil {
		return
	}
	for i := range p.Decision.Targets {
		keepTarget(&s.Targets[i], &p.Decision.Targets[i], standing.Targets)
	}
	healthy := find(s.Conditions, v1alpha1.ConditionHealthy)
	if healthy == nil || healthy.Reason != v1alpha1.ReasonUnjudged || !sameTier(s.Active, standing.Active) {
		return
	}
	for _, kind := range []string{v1alpha1.ConditionHealthy, v1alpha1.ConditionReady} {
		if was, is := find(standing.Conditions, kind), find(s.Conditions, kind); was != nil && is != nil {
			*is = *was
		}
	}
}

// keepTarget keeps what was said of a target's endpoints that no probe has judged.
// Whether the published ones are ready is known.
func keepTarget(t *v1alpha1.TargetStatus, decided *model.TargetStatus, standing []v1alpha1.TargetStatus) {
	at := slices.IndexFunc(standing, func(o v1alpha1.TargetStatus) bool { return o.Name == t.Name })
	if at < 0 || len(decided.Checks) == 0 {
		return
	}
	before, judged := &standing[at], false
	for i := range decided.Checks {
		judged = judged || decided.Checks[i].Verdict != model.Unjudged
	}
	for i := range t.Addresses {
		a := &t.Addresses[i]
		was := slices.IndexFunc(before.Addresses, func(o v1alpha1.AddressStatus) bool { return o.IP == a.IP })
		if was < 0 || a.Reason != v1alpha1.ReasonUnjudged {
			continue
		}
		a.Reason, a.Message = before.Addresses[was].Reason, before.Addresses[was].Message
		if !decided.Active {
			a.Ready = before.Addresses[was].Ready
		}
	}
	if !judged && before.Reason != "" {
		t.Reason, t.Message = before.Reason, before.Message
	}
}

func find(all []metav1.Condition, kind string) *metav1.Condition {
	for i := range all {
		if all[i].Type == kind {
			return &all[i]
		}
	}
	return nil
}

// Moved reports whether a status that said something before says after that other
// targets are published, or that a pin leads there or does no more. That waits for no
// lookup that is under way: a restart goes by what the status says.
func Moved(before, after *v1alpha1.ExternalServiceStatus) bool {
	a, b := before.Active, after.Active
	return len(before.Conditions) > 0 && b != nil && (!sameTier(a, b) || (a.Pinned == nil) != (b.Pinned == nil))
}

func sameTier(a, b *v1alpha1.ActiveTier) bool {
	return a != nil && b != nil && a.Priority == b.Priority && slices.Equal(a.Targets, b.Targets)
}
