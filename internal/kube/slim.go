package kube

import (
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/internal/render"
)

// slim drops from what is cached what nobody here reads: a cluster has many more
// EndpointSlices of Pods than Fairlead keeps.
func slim(object any) (any, error) {
	if o, ok := object.(metav1.Object); ok {
		o.SetManagedFields(nil)
	}
	s, ok := object.(*discoveryv1.EndpointSlice)
	if !ok || s.Labels[discoveryv1.LabelManagedBy] == render.Manager || metav1.GetControllerOf(s) != nil && isExternalService(metav1.GetControllerOf(s)) {
		return object, nil // drift is seen to the letter
	}
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		e.NodeName, e.Zone, e.Hints, e.TargetRef, e.DeprecatedTopology = nil, nil, nil, nil, nil
	}
	return object, nil
}
