package render

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/yamlout"
)

var update = flag.Bool("update", false, "write what comes out into testdata/*.out.yaml")

// fixture is a golden test's input.
type fixture struct {
	Service  model.Service
	Decision model.Decision
	// Slices stand.
	Slices []*discoveryv1.EndpointSlice
	// Taken are names that somebody else has.
	Taken []string
}

// rendered is what is compared.
type rendered struct {
	Service *corev1.Service              `json:"service,omitempty"`
	Create  []*discoveryv1.EndpointSlice `json:"create,omitempty"`
	Update  []*discoveryv1.EndpointSlice `json:"update,omitempty"`
	Delete  []string                     `json:"delete,omitempty"`
}

func owner() metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{APIVersion: "fairlead.dev/v1alpha1", Kind: "ExternalService", Name: "db", UID: "5ca1ab1e", Controller: &yes, BlockOwnerDeletion: &yes}
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.in.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".in.yaml"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var f fixture
			if err := yaml.UnmarshalStrict(text, &f); err != nil {
				t.Fatal(err)
			}
			out := Render(Input{
				Published: &model.Published{Service: f.Service, Decision: f.Decision},
				Owner:     owner(), Slices: f.Slices,
				Taken: func(name string) bool { return slices.Contains(f.Taken, name) },
			})
			r := rendered{Service: out.Service, Create: out.Slices.Create, Update: out.Slices.Update}
			for _, s := range out.Slices.Delete {
				r.Delete = append(r.Delete, s.Name)
			}
			got, err := yamlout.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			goldenFile := strings.TrimSuffix(path, ".in.yaml") + ".out.yaml"
			if *update {
				if err := os.WriteFile(goldenFile, got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(goldenFile)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("%s (-want +got; -update writes it):\n%s", goldenFile, d)
			}
		})
	}
}
