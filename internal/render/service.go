package render

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"fairlead.dev/internal/model"
)

// managedBy is the label by which people find what Fairlead made.
const managedBy = "app.kubernetes.io/managed-by"

func service(in Input) *corev1.Service {
	svc, external := in.Published.Service, in.Published.Decision.External
	s := &corev1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{
			Name: svc.Key.Name, Namespace: svc.Key.Namespace,
			Labels:          map[string]string{managedBy: Manager},
			OwnerReferences: []metav1.OwnerReference{in.Owner},
		},
	}
	if svc.Type == model.ExternalName {
		if external == nil {
			return nil
		}
		s.Spec.Type = corev1.ServiceTypeExternalName
		s.Spec.ExternalName = external.Name
		return s
	}
	// Where the cluster has both families, clients get a virtual IP of each, as
	// endpoints of both may come and go with every answer of the DNS, and the
	// primary family of a Service cannot change.
	policy := corev1.IPFamilyPolicyPreferDualStack
	s.Spec.Type = corev1.ServiceTypeClusterIP
	s.Spec.IPFamilyPolicy = &policy
	s.Spec.PublishNotReadyAddresses = svc.PublishNotReady
	s.Spec.Ports = servicePorts(svc.Ports)
	if svc.Type == model.Headless {
		s.Spec.ClusterIP = corev1.ClusterIPNone
	}
	s.Spec.SessionAffinity = corev1.ServiceAffinityNone
	if svc.SessionAffinity > 0 && svc.Type == model.ClusterIP {
		seconds := int32(svc.SessionAffinity / time.Second)
		s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
		s.Spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: &seconds}}
	}
	return s
}

func servicePorts(ports []model.Port) []corev1.ServicePort {
	var out []corev1.ServicePort
	for _, p := range ports {
		sp := corev1.ServicePort{
			Name: p.Name, Protocol: corev1.Protocol(p.Protocol), Port: int32(p.Port),
			// Without a selector nothing reads it but people.
			TargetPort: intstr.FromInt32(int32(p.TargetPort)),
		}
		if p.TargetPort == 0 {
			sp.TargetPort = intstr.FromInt32(int32(p.Port))
		}
		if p.AppProtocol != "" {
			sp.AppProtocol = &p.AppProtocol
		}
		out = append(out, sp)
	}
	return out
}

// MustBridge reports whether the Service that stands has to become an ExternalName
// first: the API server lets nobody give a virtual IP to a headless Service, or
// take one away, in one step.
func MustBridge(standing, wanted *corev1.Service) bool {
	if standing == nil || wanted == nil || !clustered(standing) || !clustered(wanted) {
		return false
	}
	return (standing.Spec.ClusterIP == corev1.ClusterIPNone) != (wanted.Spec.ClusterIP == corev1.ClusterIPNone)
}

func clustered(s *corev1.Service) bool { return s.Spec.Type != corev1.ServiceTypeExternalName }
