package render

import (
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Repair returns what the Service that stands is to be updated to, or nil if it
// is as wanted. What the API server has filled in stays, and so do labels and
// annotations of others; what others have added to the spec goes. Server-side
// apply alone would leave that: a selector or one more port, added by hand, has
// another owner.
//
// It is not for a Service that must become something else first: see [MustBridge].
func Repair(standing, wanted *corev1.Service) *corev1.Service {
	s := standing.DeepCopy()
	if s.Labels == nil {
		s.Labels = make(map[string]string, len(wanted.Labels))
	}
	for k, v := range wanted.Labels {
		s.Labels[k] = v
	}
	for _, owner := range wanted.OwnerReferences {
		if slices.ContainsFunc(s.OwnerReferences, func(o metav1.OwnerReference) bool { return reflect.DeepEqual(o, owner) }) {
			continue
		}
		// An object has one controller: a former one goes.
		s.OwnerReferences = slices.DeleteFunc(s.OwnerReferences, func(o metav1.OwnerReference) bool {
			return o.UID == owner.UID || o.Controller != nil && *o.Controller
		})
		s.OwnerReferences = append(s.OwnerReferences, owner)
	}
	spec := wanted.Spec.DeepCopy()
	if clustered(wanted) && clustered(standing) {
		allocated(spec, &standing.Spec)
	}
	for i := range spec.Ports {
		if spec.Ports[i].Protocol == "" {
			spec.Ports[i].Protocol = corev1.ProtocolTCP
		}
	}
	if spec.SessionAffinity == "" {
		spec.SessionAffinity = corev1.ServiceAffinityNone
	}
	s.Spec = *spec
	if equality.Semantic.DeepEqual(s, standing) {
		return nil
	}
	return s
}

// allocated takes over what the API server chooses, and never lets go.
func allocated(spec, standing *corev1.ServiceSpec) {
	spec.ClusterIP, spec.ClusterIPs = standing.ClusterIP, standing.ClusterIPs
	spec.IPFamilies = standing.IPFamilies
	spec.InternalTrafficPolicy = standing.InternalTrafficPolicy
}
