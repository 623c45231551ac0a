package convert

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// TestDocsExamplesForClusters: the manifests that need a cluster convert without a
// problem in one that has, and shares, the Services that they name.
func TestDocsExamplesForClusters(t *testing.T) {
	text, err := os.ReadFile("../../docs/externalservice.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```yaml cluster\n(.*?)^```").FindAllSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Error("no example was found: does the expression still fit?")
	}
	for _, m := range blocks {
		path := filepath.Join(t.TempDir(), "example.yaml")
		if err := os.WriteFile(path, m[1], 0o600); err != nil {
			t.Fatal(err)
		}
		in := readInput(t, path)
		in.InCluster = func(k model.Key) (InCluster, bool) { return sharedPostgres(k), true }
		out := Convert(in)
		if len(out.Problems) > 0 || len(out.Services) != 1 {
			t.Errorf("%d services and the problems %+v of\n%s", len(out.Services), out.Problems, m[1])
			continue
		}
		for _, target := range out.Services[0].Targets {
			if target.Service != nil && (target.Refusal != nil || len(target.Endpoints) != 1) {
				t.Errorf("target %s has the endpoints %v and the refusal %+v", target.Name, target.Endpoints, target.Refusal)
			}
		}
	}
}

// sharedPostgres is a Service with one endpoint that every namespace may use.
func sharedPostgres(k model.Key) InCluster {
	s, slice := &corev1.Service{}, &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
	s.Namespace, s.Name, s.Annotations = k.Namespace, k.Name, map[string]string{v1alpha1.AnnotationAllowFrom: "*"}
	s.Spec.Ports = []corev1.ServicePort{{Name: "pg", Port: 5432}}
	name, number := "pg", int32(5432)
	slice.Ports = []discoveryv1.EndpointPort{{Name: &name, Port: &number}}
	slice.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"10.244.0.9"}}}
	return InCluster{Service: s, Slices: []*discoveryv1.EndpointSlice{slice}}
}
