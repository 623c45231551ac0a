package render

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/internal/model"
)

// labels are those of every slice. The last keeps the slices of headless
// services from kube-proxy, which has no use for them.
func (p *plan) labels() map[string]string {
	svc := p.in.Published.Service
	l := map[string]string{discoveryv1.LabelManagedBy: Manager, discoveryv1.LabelServiceName: svc.Key.Name}
	if svc.Type == model.Headless {
		l[corev1.IsHeadlessService] = ""
	}
	return l
}

// labelled reports whether a slice has its labels and its owner. What others
// have added is theirs.
func (p *plan) labelled(s *discoveryv1.EndpointSlice) bool {
	want := p.labels()
	got := maps.Clone(s.Labels)
	maps.DeleteFunc(got, func(k, _ string) bool {
		return k != discoveryv1.LabelManagedBy && k != discoveryv1.LabelServiceName && k != corev1.IsHeadlessService
	})
	owned := slices.ContainsFunc(s.OwnerReferences, func(o metav1.OwnerReference) bool { return reflect.DeepEqual(o, p.in.Owner) })
	return owned && maps.Equal(want, got)
}

// changes are the writes of the plan.
func (p *plan) changes() Changes {
	var c Changes
	for _, s := range p.slots {
		switch {
		case s.standing == nil:
			c.Create = append(c.Create, p.render(s))
		case s.deleted:
			c.Delete = append(c.Delete, s.standing)
		case s.changed:
			c.Update = append(c.Update, p.render(s))
		}
	}
	return c
}

func (p *plan) render(s *slot) *discoveryv1.EndpointSlice {
	if s.endpoints == nil {
		s.endpoints = []discoveryv1.Endpoint{} // null is refused
	}
	return &discoveryv1.EndpointSlice{
		TypeMeta: metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
		ObjectMeta: metav1.ObjectMeta{
			Name: s.name, Namespace: p.in.Published.Service.Key.Namespace,
			Labels:          p.labels(),
			OwnerReferences: []metav1.OwnerReference{p.in.Owner},
		},
		AddressType: s.family,
		Ports:       s.ports,
		Endpoints:   s.endpoints,
	}
}

// freeName returns the first name of a slice that nobody has. Names are not
// random, so that a write that is tried again makes no second slice.
func (p *plan) freeName(family discoveryv1.AddressType) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s-%s-%d", p.in.Published.Service.Key.Name, strings.ToLower(string(family)), n)
		ours := slices.ContainsFunc(p.slots, func(s *slot) bool { return s.name == name })
		if !ours && (p.in.Taken == nil || !p.in.Taken(name)) {
			return name
		}
	}
}

func sortedPorts(ports []discoveryv1.EndpointPort) []discoveryv1.EndpointPort {
	return slices.SortedFunc(slices.Values(ports), comparePorts)
}

// sameEndpoint reports whether what stands is what is wanted, to the letter:
// what somebody has added by hand is drift.
func sameEndpoint(wanted, standing *discoveryv1.Endpoint) bool {
	return reflect.DeepEqual(wanted, standing)
}
