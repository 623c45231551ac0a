package convert

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// Input is everything that people wrote.
type Input struct {
	// Objects come in the order of their standing: of two that define the same
	// thing, the first one stays.
	Objects []Object
	// ClusterDomain has no trailing dot: cluster.local.
	ClusterDomain string
	// ServiceCIDRs are the ranges of virtual IPs, at most one of each family,
	// the primary first. Empty where somebody else assigns the addresses: then
	// no service has Families, and no address is checked against the ranges.
	ServiceCIDRs []netip.Prefix
	// InCluster returns what stands in the cluster under that key, and whether
	// anything does. Nil where there is no cluster: targets that are Services
	// are then left out.
	InCluster func(model.Key) (InCluster, bool)
	// NoGateway says that nothing would speak for a service with a gateway, which is
	// then refused.
	NoGateway bool
}

// Object is one object, and where it stands.
type Object struct {
	// Value is a *corev1.Namespace, *corev1.Service, *corev1.Endpoints,
	// *discoveryv1.EndpointSlice or *v1alpha1.ExternalService. It is only read.
	Value any
	File  string
	// Line counts from 1; 0 means unknown.
	Line int
	// Refused is whether the caller has refused it and said why: it counts as
	// written, so that others are not said to lack it, and nothing more.
	Refused bool
}

// Output is what the input means.
type Output struct {
	// Services are in the order of their keys.
	Services []Wanted
	// Namespaces are those declared and those of the services, sorted.
	Namespaces []string
	Problems   []Problem
}

// Wanted is a service that lacks nothing but its virtual IPs.
type Wanted struct {
	model.Service
	// Source is the index in Input.Objects of the object that defines it.
	Source int
	// Families are the families of the virtual IPs, the primary first. Empty
	// unless the service is of type ClusterIP.
	Families []corev1.IPFamily
	// Requested are the addresses asked for in spec.clusterIPs.
	Requested []netip.Addr
}

// Problem is a problem and the object that it is about. The line is the
// object's; Field tells where in it.
type Problem struct {
	model.Problem
	// Source is the index in Input.Objects.
	Source int
}

// Convert validates the input and turns it into model nouns.
func Convert(in Input) Output {
	c := newConverter(in)
	for i := range in.Objects {
		c.object(i)
	}
	c.join()
	return c.output()
}

// object converts one object by itself. What it has to do with others is left
// to join.
func (c *converter) object(i int) {
	r := c.report(i)
	if c.in.Objects[i].Refused {
		c.refuse(r)
		return
	}
	if !c.claimName(r) {
		return
	}
	switch o := c.in.Objects[i].Value.(type) {
	case *corev1.Namespace:
		c.namespace(r, o)
	case *corev1.Service:
		c.service(r, o)
	//lint:ignore SA1019 people write them
	case *corev1.Endpoints:
		c.endpoints(r, o)
	case *discoveryv1.EndpointSlice:
		c.slice(r, o)
	case *v1alpha1.ExternalService:
		c.external(r, o)
	}
}

func (c *converter) output() Output {
	slices.SortFunc(c.wanted, func(a, b *Wanted) int { return a.Key.Compare(b.Key) })
	services := make([]Wanted, len(c.wanted))
	for i, w := range c.wanted {
		services[i] = *w
		c.namespaces[w.Key.Namespace] = struct{}{}
	}
	namespaces := make([]string, 0, len(c.namespaces))
	for n := range c.namespaces {
		namespaces = append(namespaces, n)
	}
	slices.Sort(namespaces)
	slices.SortStableFunc(c.problems, func(a, b Problem) int { return a.Source - b.Source })
	return Output{Services: services, Namespaces: namespaces, Problems: c.problems}
}
