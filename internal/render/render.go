package render

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/internal/model"
)

// Manager is the value of the labels that say whose an object is.
const Manager = "fairlead.dev"

// Input is all that the objects depend on.
type Input struct {
	Published *model.Published
	// Owner is the object whose deletion takes all of them with it.
	Owner metav1.OwnerReference
	// Front is where the clients of a service with a gateway go. Nil without one.
	Front *Front
	// Slices are the EndpointSlices that Fairlead keeps for the service, as they
	// stand. They are only read.
	Slices []*discoveryv1.EndpointSlice
	// Taken reports whether an EndpointSlice of that name is somebody else's.
	// Nil means that none is.
	Taken func(name string) bool
}

// Front is where the clients of a service go that a gateway speaks for.
type Front struct {
	// Pods are the gateway's, with the ports on which they listen for the service.
	Pods []model.Endpoint
	// Ports are those ports, which stand also while there is no Pod.
	Ports []model.EndpointPort
	// Direct keeps the decision's endpoints in front of the clients, too: the Pods do
	// not listen yet, and the clients have been going there.
	Direct bool
}

// Output is what is to be written.
type Output struct {
	// Service is whole, for server-side apply. Nil means that nothing is known
	// that it could say, and what stands stays.
	Service *corev1.Service
	Slices  Changes
}

// Changes are the writes that make the EndpointSlices right. They must be made
// in this order: an endpoint that moves to another slice is then never missing.
type Changes struct {
	// Create and Update are whole, for server-side apply. What is in Create does
	// not stand yet: creating it must fail if it does, for then it is somebody
	// else's.
	Create, Update []*discoveryv1.EndpointSlice
	// Delete are slices of the Input.
	Delete []*discoveryv1.EndpointSlice
}

// Empty reports whether there is nothing to write.
func (c Changes) Empty() bool { return len(c.Create)+len(c.Update)+len(c.Delete) == 0 }

// Render returns the objects of a service.
func Render(in Input) Output {
	out := Output{Service: service(in)}
	p := newPlan(in)
	if in.Published.Service.Type == model.ExternalName {
		p.withdraw()
	} else {
		p.publish(in.groups())
	}
	out.Slices = p.changes()
	return out
}

// groups are the endpoints that are to stand in slices.
func (in Input) groups() []*group {
	svc, ends := in.Published.Service, publishable(in.Published.Decision.Endpoints)
	if in.Front == nil {
		return groups(svc, ends, false)
	}
	all := groups(svc, ends, true)
	if in.Front.Direct {
		all = append(all, groups(svc, ends, false)...)
	}
	return append(all, in.Front.groups(svc)...)
}
