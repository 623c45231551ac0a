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

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// role is what a slice is for.
type role struct {
	// gateway is the value of its label; empty for one without.
	gateway string
	// target and host are whose endpoints stand behind a gateway; empty elsewhere.
	target, host string
}

func roleOf(s *discoveryv1.EndpointSlice) role {
	return role{s.Labels[v1alpha1.LabelGateway], s.Annotations[v1alpha1.AnnotationTarget], s.Annotations[v1alpha1.AnnotationHost]}
}

// serviceProxyName is the label by which kube-proxy leaves a slice to another proxy
// (KEP-2447).
const serviceProxyName = "service.kubernetes.io/service-proxy-name"

// labels are those of every slice with that role. The slices of headless services are
// kept from kube-proxy, which has no use for them, and those behind a gateway from
// everybody who looks for a Service's endpoints.
func (p *plan) labels(as role) map[string]string {
	svc := p.in.Published.Service
	l := map[string]string{discoveryv1.LabelManagedBy: Manager, discoveryv1.LabelServiceName: svc.Key.Name}
	if svc.Type == model.Headless {
		l[corev1.IsHeadlessService] = ""
	}
	if as.gateway != "" {
		l[v1alpha1.LabelGateway] = as.gateway
	}
	if as.gateway == v1alpha1.GatewayTargets {
		delete(l, discoveryv1.LabelServiceName)
		l[v1alpha1.LabelService], l[serviceProxyName] = svc.Key.Name, Manager
	}
	return l
}

// annotations are those of a slice with that role.
func (as role) annotations() map[string]string {
	a := map[string]string{}
	if as.target != "" {
		a[v1alpha1.AnnotationTarget] = as.target
	}
	if as.host != "" {
		a[v1alpha1.AnnotationHost] = as.host
	}
	if len(a) == 0 {
		return nil
	}
	return a
}

// labelled reports whether a slice has its labels and its owner. What others
// have added is theirs.
func (p *plan) labelled(s *discoveryv1.EndpointSlice, as role) bool {
	want := p.labels(as)
	got := maps.Clone(s.Labels)
	known := []string{
		discoveryv1.LabelManagedBy, discoveryv1.LabelServiceName, corev1.IsHeadlessService,
		v1alpha1.LabelGateway, v1alpha1.LabelService, serviceProxyName,
	}
	maps.DeleteFunc(got, func(k, _ string) bool { return !slices.Contains(known, k) })
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
			Labels: p.labels(s.role), Annotations: s.role.annotations(),
			OwnerReferences: []metav1.OwnerReference{p.in.Owner},
		},
		AddressType: s.family,
		Ports:       s.ports,
		Endpoints:   s.endpoints,
	}
}

// freeName returns the first name of a slice that nobody has. Names are not
// random, so that a write that is tried again makes no second slice.
func (p *plan) freeName(family discoveryv1.AddressType, as role) string {
	stem := p.in.Published.Service.Key.Name
	if as.gateway != "" {
		stem += "-" + as.gateway
	}
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s-%s-%d", stem, strings.ToLower(string(family)), n)
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
