package convert

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/yamlout"
)

var update = flag.Bool("update", false, "write what comes out into testdata/*.out.yaml")

// options of a case stand in its fixture, as a document of kind Options.
type options struct {
	ServiceCIDRs []netip.Prefix
	// Live is whether there is a cluster, Cluster what stands in it.
	Live    bool
	Cluster []InCluster
}

func (o options) find(k model.Key) (InCluster, bool) {
	for _, c := range o.Cluster {
		if _, key := KeyOf(c.Service); key == k {
			return c, true
		}
	}
	return InCluster{}, false
}

// golden is what is compared: problems as people read them, and services.
type golden struct {
	Problems   []string `json:"problems,omitempty"`
	Namespaces []string `json:"namespaces"`
	Services   []view   `json:"services"`
}

// view is a Wanted without what is the same everywhere.
type view struct {
	model.Service
	Families  []corev1.IPFamily `json:"families,omitempty"`
	Requested []netip.Addr      `json:"requested,omitempty"`
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.in.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, in := range files {
		name := strings.TrimSuffix(filepath.Base(in), ".in.yaml")
		t.Run(name, func(t *testing.T) {
			out := Convert(readInput(t, in))
			got, err := yamlout.Marshal(summary(out))
			if err != nil {
				t.Fatal(err)
			}
			path := strings.TrimSuffix(in, ".in.yaml") + ".out.yaml"
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("%s (-want +got):\n%s", path, d)
			}
		})
	}
}

func summary(out Output) golden {
	g := golden{Namespaces: out.Namespaces}
	for _, w := range out.Services {
		if w.Resolution == model.DefaultResolution() {
			w.Resolution = model.Resolution{}
		}
		if w.Failover == model.DefaultFailover() {
			w.Failover = model.Failover{}
		}
		g.Services = append(g.Services, view{Service: w.Service, Families: w.Families, Requested: w.Requested})
	}
	for _, p := range out.Problems {
		what := p.Object
		if p.Field != "" {
			what += ": " + p.Field
		}
		g.Problems = append(g.Problems, fmt.Sprintf("line %d: %s %s: %s\n%s\n=> %s", p.Line, p.Severity, p.Reason, what, p.Message, p.Hint))
	}
	return g
}

func readInput(t *testing.T, path string) Input {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in := Input{ClusterDomain: "cluster.local", ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("127.96.0.0/16")}}
	line := 1
	for doc := range bytes.SplitSeq(data, []byte("---\n")) {
		start := line
		line += bytes.Count(doc, []byte("\n")) + 1
		var tm struct{ Kind string }
		if err := yaml.Unmarshal(doc, &tm); err != nil {
			t.Fatalf("%s:%d: %v", path, start, err)
		}
		var value any
		switch tm.Kind {
		case "Options":
			var o options
			if err := yaml.Unmarshal(doc, &o); err != nil {
				t.Fatal(err)
			}
			in.ServiceCIDRs = o.ServiceCIDRs
			if o.Live {
				in.InCluster = o.find
			}
			continue
		case "Namespace":
			value = new(corev1.Namespace)
		case "Service":
			value = new(corev1.Service)
		case "Endpoints":
			//lint:ignore SA1019 people write them
			value = new(corev1.Endpoints)
		case "EndpointSlice":
			value = new(discoveryv1.EndpointSlice)
		case "ExternalService":
			value = new(v1alpha1.ExternalService)
		default:
			t.Fatalf("%s:%d: kind %q", path, start, tm.Kind)
		}
		if err := yaml.UnmarshalStrict(doc, value); err != nil {
			t.Fatalf("%s:%d: %v", path, start, err)
		}
		in.Objects = append(in.Objects, Object{Value: value, File: filepath.Base(path), Line: start})
	}
	return in
}
