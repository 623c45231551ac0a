package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// maxMessage is the bound of [metav1.Condition].
const maxMessage = 32768

// Status returns what the status of an ExternalService is to say at a moment.
// The status that stands gives the times since when: a condition's changes with
// its status only, so that a restart is no transition.
func Status(p *model.Published, standing *v1alpha1.ExternalServiceStatus, at time.Time) v1alpha1.ExternalServiceStatus {
	s := v1alpha1.ExternalServiceStatus{ObservedGeneration: p.Service.Origin.Generation}
	for _, c := range p.Decision.Conditions {
		s.Conditions = append(s.Conditions, condition(c, p.Service.Origin.Generation, standing.Conditions))
	}
	s.Active = active(p, standing.Active, at)
	if p.Service.Type != model.ExternalName && len(p.Service.Targets) > 0 {
		s.Endpoints = counted(p.Decision.Endpoints)
	}
	l := newListing(p.Decision.Endpoints)
	for i := range p.Decision.Targets {
		s.Targets = append(s.Targets, l.target(&p.Decision.Targets[i]))
	}
	s.History = history(p.Decision.History)
	keepSaid(&s, p, standing)
	return s
}

func condition(c model.Condition, generation int64, standing []metav1.Condition) metav1.Condition {
	out := metav1.Condition{
		Type: string(c.Type), Status: metav1.ConditionFalse, Reason: c.Reason, Message: cut(c.Message),
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(c.Since.Truncate(time.Second)),
	}
	if c.Status {
		out.Status = metav1.ConditionTrue
	}
	at := slices.IndexFunc(standing, func(o metav1.Condition) bool { return o.Type == out.Type && o.Status == out.Status })
	if at >= 0 {
		out.LastTransitionTime = standing[at].LastTransitionTime
	}
	return out
}

func cut(message string) string { return cutTo(message, maxMessage) }

// cutTo cuts a text between two characters.
func cutTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-3], "") + "..."
}

// active is the published tier, or nil while nothing is published.
func active(p *model.Published, standing *v1alpha1.ActiveTier, at time.Time) *v1alpha1.ActiveTier {
	d := &p.Decision
	if len(d.Endpoints) == 0 && d.External == nil {
		return nil
	}
	if !d.ActiveSince.IsZero() {
		at = d.ActiveSince
	}
	a := &v1alpha1.ActiveTier{
		Priority: int32(d.Priority), Targets: d.Active, Summary: strings.Join(d.Active, ","),
		Since: metav1.NewTime(at.Truncate(time.Second)),
	}
	if sameTier(standing, a) {
		a.Since = standing.Since
	}
	if pin := p.Service.Pin; pin != nil && d.State.Pinned == pin.Target {
		a.Pinned = pinned(pin)
		a.Summary += " (pinned)"
	}
	return a
}

func counted(endpoints []model.Endpoint) string {
	ready := 0
	for i := range endpoints {
		if endpoints[i].Ready {
			ready++
		}
	}
	return fmt.Sprintf("%d/%d", ready, len(endpoints))
}
