package convert

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	corev1 "k8s.io/api/core/v1"

	"fairlead.dev/api/v1alpha1"
)

// BenchmarkOne converts one simple ExternalService, as a controller does.
func BenchmarkOne(b *testing.B) {
	e := &v1alpha1.ExternalService{ObjectMeta: metav1.ObjectMeta{Namespace: "reporting", Name: "analytics-db", Generation: 1}}
	e.Spec = v1alpha1.ExternalServiceSpec{
		Type:    v1alpha1.ServiceTypeClusterIP,
		Ports:   []v1alpha1.Port{{Name: "postgres", Port: 5432, Protocol: corev1.ProtocolTCP}},
		Targets: []v1alpha1.Target{{Name: "primary", Hostname: "primary-db.example.com"}},
	}
	in := Input{Objects: []Object{{Value: e}}, ClusterDomain: "cluster.local"}
	b.ReportAllocs()
	for b.Loop() {
		if out := Convert(in); len(out.Services) != 1 {
			b.Fatal(out.Problems)
		}
	}
}
