package render

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// The bounds of the CustomResourceDefinition, and of [metav1.Condition]. An object
// has to fit into etcd, so that a service has room for so many addresses over all
// its targets.
const (
	maxAddresses = 4096
	maxPerTarget = 1024
	maxMessage   = 32768
)

// Status returns what the status of an ExternalService is to say at a moment.
// The status that stands gives the times since when: a condition's changes with
// its status only, so that a restart is no transition.
func Status(p *model.Published, standing *v1alpha1.ExternalServiceStatus, at time.Time) v1alpha1.ExternalServiceStatus {
	s := v1alpha1.ExternalServiceStatus{ObservedGeneration: p.Service.Origin.Generation}
	for _, c := range p.Decision.Conditions {
		s.Conditions = append(s.Conditions, condition(c, p.Service.Origin.Generation, standing.Conditions))
	}
	s.Active = active(&p.Decision, standing.Active, at)
	if p.Service.Type != model.ExternalName && len(p.Service.Targets) > 0 {
		s.Endpoints = counted(p.Decision.Endpoints)
	}
	down := map[place]bool{}
	for _, e := range p.Decision.Endpoints {
		if !e.Ready {
			down[place{e.Target, e.Addr}] = true
		}
	}
	room := maxAddresses
	for i := range p.Decision.Targets {
		t := target(&p.Decision.Targets[i], down, min(room, maxPerTarget))
		room -= len(t.Addresses)
		s.Targets = append(s.Targets, t)
	}
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

func cut(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage-3], "") + "..."
}

// active is the published tier, or nil while nothing is published.
func active(d *model.Decision, standing *v1alpha1.ActiveTier, at time.Time) *v1alpha1.ActiveTier {
	if len(d.Endpoints) == 0 && d.External == nil {
		return nil
	}
	a := &v1alpha1.ActiveTier{
		Priority: int32(d.Priority), Targets: d.Active, Summary: strings.Join(d.Active, ","),
		Since: metav1.NewTime(at.Truncate(time.Second)),
	}
	if standing != nil && standing.Priority == a.Priority && slices.Equal(standing.Targets, a.Targets) {
		a.Since = standing.Since
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

// place is an address of a target.
type place struct {
	target string
	addr   netip.Addr
}

// target is what is known about one target, with as many addresses as there is
// room for. Where nothing watches an address, it counts as up.
func target(t *model.TargetStatus, down map[place]bool, room int) v1alpha1.TargetStatus {
	out := v1alpha1.TargetStatus{Name: t.Name, Reason: t.Reason, Message: cut(t.Message)}
	shown := t.Addresses[:min(len(t.Addresses), room)]
	for _, a := range shown {
		out.Addresses = append(out.Addresses, v1alpha1.AddressStatus{IP: a.String(), Ready: !down[place{t.Name, a}]})
	}
	if left := len(t.Addresses) - len(shown); left > 0 {
		out.Message = cut(fmt.Sprintf("%s; %d more addresses", t.Message, left))
	}
	return out
}
