package convert

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// InCluster is a Service of the cluster and its EndpointSlices. They are only
// read.
type InCluster struct {
	Service *corev1.Service
	Slices  []*discoveryv1.EndpointSlice
}

// inCluster converts a target that is a Service of the cluster. What is wrong
// with that Service refuses the target alone, and is told by its Refusal rather
// than as a problem: it may come and go while the manifest stays.
func (r *report) inCluster(t *model.Target, ref *v1alpha1.ServiceReference, w *Wanted) {
	key := model.Key{Namespace: cmp.Or(ref.Namespace, r.key.Namespace), Name: ref.Name}
	t.Service = &key
	if key == r.key {
		t.Refusal = &model.Refusal{
			Reason:  v1alpha1.ReasonPointsToItself,
			Message: fmt.Sprintf("Service %s is the one that this ExternalService becomes: write the place where it really lives", key),
		}
		return
	}
	found, ok := r.c.in.InCluster(key)
	if !ok || found.Service == nil {
		t.Refusal = &model.Refusal{
			Reason:  v1alpha1.ReasonServiceNotFound,
			Message: fmt.Sprintf("there is no Service %s in namespace %s: create it, or write another target", key.Name, key.Namespace),
		}
		return
	}
	if t.Refusal = r.unfit(key, found.Service); t.Refusal != nil {
		return
	}
	names, missing := counterparts(key, w.Ports, found.Service.Spec.Ports)
	if missing != nil {
		t.Refusal = missing
		return
	}
	t.Endpoints = inClusterEndpoints(t.Name, w.Ports, names, found.Slices)
}

// reference checks the names in a reference to a Service.
func (r *report) reference(path *field.Path, ref *v1alpha1.ServiceReference) bool {
	if ref.Name == "" {
		r.error("NameMissing", path.Child("name"), "a target that is a Service needs its name", "write service: {name: postgres}")
		return false
	}
	return r.label(path.Child("name"), ref.Name, validation.IsDNS1035Label) &&
		(ref.Namespace == "" || r.label(path.Child("namespace"), ref.Namespace, validation.IsDNS1123Label))
}

// unfit says why a Service of the cluster cannot be a target here. Consent comes
// first, so that nothing else is told of a Service to those who may not use it.
func (r *report) unfit(key model.Key, s *corev1.Service) *model.Refusal {
	switch {
	case key.Namespace != r.key.Namespace && !consents(s, r.key.Namespace):
		return &model.Refusal{
			Reason:  v1alpha1.ReasonNotPermitted,
			Message: fmt.Sprintf("Service %s does not let namespace %s use it: %s", key, r.key.Namespace, consentHint(key, s, r.key.Namespace)),
		}
	case slices.ContainsFunc(s.OwnerReferences, externalOwner):
		return &model.Refusal{
			Reason:  v1alpha1.ReasonPointsToItself,
			Message: fmt.Sprintf("Service %s is itself made from an ExternalService: point at its targets instead", key),
		}
	case s.Spec.Type == corev1.ServiceTypeExternalName:
		return &model.Refusal{
			Reason:  v1alpha1.ReasonNoEndpoints,
			Message: fmt.Sprintf("Service %s is of type ExternalName, which has no endpoints: write hostname: %s instead of service", key, trimDot(s.Spec.ExternalName)),
		}
	default:
		return nil
	}
}

// consents reports whether a Service may be a target in another namespace.
func consents(s *corev1.Service, namespace string) bool {
	for name := range strings.SplitSeq(s.Annotations[v1alpha1.AnnotationAllowFrom], ",") {
		if name = strings.TrimSpace(name); name == namespace || name == "*" {
			return true
		}
	}
	return false
}

// consentHint says what to write on the Service. What is there already is not
// repeated: it is not for those to read who are not allowed.
func consentHint(key model.Key, s *corev1.Service, namespace string) string {
	if _, ok := s.Annotations[v1alpha1.AnnotationAllowFrom]; ok {
		return fmt.Sprintf("add %s to its annotation %s", namespace, v1alpha1.AnnotationAllowFrom)
	}
	return fmt.Sprintf("kubectl annotate service -n %s %s %s=%s", key.Namespace, key.Name, v1alpha1.AnnotationAllowFrom, namespace)
}

func externalOwner(o metav1.OwnerReference) bool {
	group, _, _ := strings.Cut(o.APIVersion, "/")
	return o.Kind == v1alpha1.Kind && group == v1alpha1.Group
}

// counterparts finds, for each port of the ExternalService, the port of the
// cluster's Service with the number of its targetPort, and returns their names.
func counterparts(key model.Key, ports []model.Port, theirs []corev1.ServicePort) ([]string, *model.Refusal) {
	names := make([]string, len(ports))
	for i, p := range ports {
		at := slices.IndexFunc(theirs, func(o corev1.ServicePort) bool {
			return o.Port == int32(p.TargetPort) && protocol(o.Protocol) == p.Protocol
		})
		if at < 0 {
			return nil, &model.Refusal{
				Reason: v1alpha1.ReasonPortMissing,
				Message: fmt.Sprintf("Service %s has no port %d/%s: it has %s; %s",
					key, p.TargetPort, p.Protocol, theirPorts(theirs), counterpartHint(p, theirs)),
			}
		}
		names[i] = theirs[at].Name
	}
	return names, nil
}

func theirPorts(ports []corev1.ServicePort) string {
	if len(ports) == 0 {
		return "none"
	}
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strings.TrimSpace(fmt.Sprintf("%s %d/%s", p.Name, p.Port, protocol(p.Protocol)))
	}
	return strings.Join(words, ", ")
}

// counterpartHint suggests the port of that name, or all with that protocol.
func counterpartHint(p model.Port, theirs []corev1.ServicePort) string {
	var numbers []string
	for _, o := range theirs {
		if protocol(o.Protocol) != p.Protocol {
			continue
		}
		if o.Name == p.Name {
			return fmt.Sprintf("write targetPort: %d", o.Port)
		}
		numbers = append(numbers, fmt.Sprint(o.Port))
	}
	if len(numbers) == 0 {
		return fmt.Sprintf("add a %s port to it, or leave this one out", p.Protocol)
	}
	return "write targetPort: " + orList(numbers)
}
