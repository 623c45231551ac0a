package convert

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// The kinds that count.
const (
	kindNamespace       = "Namespace"
	kindService         = "Service"
	kindEndpoints       = "Endpoints"
	kindEndpointSlice   = "EndpointSlice"
	kindExternalService = v1alpha1.Kind
)

// ReasonDefinedTwice is the reason of a problem that is about another object as
// much as about its own: both define the same thing.
const ReasonDefinedTwice = "DefinedTwice"

// converter holds one conversion under way.
type converter struct {
	in         Input
	names      map[identity]int
	services   map[model.Key]*declared
	wanted     []*Wanted
	sources    map[model.Key][]*source
	sourceKeys []model.Key
	// refused are the services for which endpoints are written that cannot be
	// used.
	refused    map[model.Key]bool
	unlabelled []*source

	// byNamespace and byName are made when the first name is suggested.
	byNamespace, byName map[string][]string
	suggested           int
	namespaces          map[string]struct{}
	problems            []Problem
}

// identity is what two objects must not share. Service and ExternalService
// share theirs, for both become a Service.
type identity struct {
	kind string
	model.Key
}

// declared is a Service or ExternalService that somebody wrote, whether or not
// it is served.
type declared struct {
	report *report
	// wanted is nil if it is not served.
	wanted *Wanted
	// why says in a few words why it takes no endpoints; empty if it does.
	why string
	// annotated is whether an annotation says where it lives: then it takes no
	// endpoints, either.
	annotated bool
	// plain is nil for an ExternalService.
	plain *corev1.Service
	// refused is whether nobody knows what it would have been.
	refused bool
}

func newConverter(in Input) *converter {
	n := len(in.Objects)
	return &converter{
		in:         in,
		names:      make(map[identity]int, n),
		services:   make(map[model.Key]*declared, n),
		sources:    make(map[model.Key][]*source, n),
		refused:    make(map[model.Key]bool),
		namespaces: make(map[string]struct{}),
	}
}

// claimName checks an object's name, and that no earlier object has it. It
// returns false for an object that is not to be judged any further.
func (c *converter) claimName(r *report) bool {
	if r.meta == nil {
		return false
	}
	if r.checkMeta(); r.unnamed {
		return true // so that all its mistakes are told at once
	}
	id := identity{kind: r.kind, Key: r.key}
	switch r.kind {
	case kindNamespace:
		return true // declared in every folder, and the same everywhere
	case kindExternalService:
		id.kind = kindService
	}
	first, taken := c.names[id]
	if !taken {
		c.names[id] = r.source
		return true
	}
	other := c.report(first)
	r.error(ReasonDefinedTwice, at("metadata", "name"),
		fmt.Sprintf("%s is already defined by %s in %s; that one stays and this one is not served", r.key, other.kind, other.place()),
		fmt.Sprintf("delete one of the two (%s, %s), or give one another name or namespace", other.place(), r.place()))
	return false
}

// declare notes a service that somebody wrote, under its name.
func (c *converter) declare(d *declared) {
	if d.report.key.Name != "" {
		c.services[d.report.key] = d
	}
}

// refuse notes an object that was refused before it came here.
func (c *converter) refuse(r *report) {
	switch r.kind {
	case kindService, kindExternalService:
		if c.services[r.key] == nil {
			c.declare(&declared{report: r, refused: true})
		}
	case kindEndpoints:
		c.refused[r.key] = true
	case kindEndpointSlice:
		c.refused[model.Key{Namespace: r.key.Namespace, Name: r.meta.Labels[discoveryv1.LabelServiceName]}] = true
	}
}

// meta returns an object's kind and metadata. A value of another type has none.
func meta(v any) (kind string, m *metav1.ObjectMeta) {
	switch o := v.(type) {
	case *corev1.Namespace:
		return kindNamespace, &o.ObjectMeta
	case *corev1.Service:
		return kindService, &o.ObjectMeta
	//lint:ignore SA1019 people write them
	case *corev1.Endpoints:
		return kindEndpoints, &o.ObjectMeta
	case *discoveryv1.EndpointSlice:
		return kindEndpointSlice, &o.ObjectMeta
	case *v1alpha1.ExternalService:
		return kindExternalService, &o.ObjectMeta
	default:
		return "", nil
	}
}

// KeyOf returns an object's kind, and its namespace and name; a missing
// namespace is "default". The kind is empty for a value that Convert does not
// take.
func KeyOf(v any) (kind string, key model.Key) {
	kind, m := meta(v)
	switch {
	case m == nil:
		return "", model.Key{}
	case kind == kindNamespace:
		return kind, model.Key{Name: m.Name}
	case m.Namespace == "":
		return kind, model.Key{Namespace: corev1.NamespaceDefault, Name: m.Name}
	default:
		return kind, model.Key{Namespace: m.Namespace, Name: m.Name}
	}
}
