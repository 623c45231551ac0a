package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"

	"fairlead.dev/api/v1alpha1"
)

const dumped = `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: analytics-db, namespace: reporting}
spec:
  ports: [{name: postgres, port: 5432, appProtocol: postgres}]
  targets: [{name: primary, hostname: primary-db.example.com}, {name: standby, priority: 1, addresses: [10.0.1.25]}]
  probe: {interval: 5s, tcp: {}}
status:
  observedGeneration: 3
  active: {priority: 0, targets: [primary], summary: primary, since: "2026-01-02T03:04:05Z"}
  endpoints: 1/1
  targets: [{name: primary, addresses: [{ip: 10.0.1.7, ready: true}]}]
`

// TestScheme: a scheme knows the types, and what it copies is all of them.
func TestScheme(t *testing.T) {
	s := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(s); err != nil {
		t.Fatal(err)
	}
	object, err := s.New(v1alpha1.GroupVersion().WithKind(v1alpha1.Kind))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict([]byte(dumped), object); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(object, object.DeepCopyObject()); d != "" {
		t.Errorf("a copy differs:\n%s", d)
	}
	if !s.Recognizes(v1alpha1.GroupVersion().WithKind(v1alpha1.Kind + "List")) {
		t.Error("lists are unknown")
	}
}

// TestNoStatusIsNotWritten: an object without a status is written without one.
func TestNoStatusIsNotWritten(t *testing.T) {
	text, err := json.Marshal(v1alpha1.ExternalService{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(text), `{"metadata":{},"spec":{"targets":null}}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
