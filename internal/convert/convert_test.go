package convert

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/internal/model"
)

func TestNearest(t *testing.T) {
	for _, tt := range []struct {
		word       string
		candidates []string
		want       string
	}{
		{"externalname", []string{"clusterIP", "externalName", "externalIPs"}, "externalName"},
		{"legacy-metrics", []string{"analytics-db", "legacy-metrics-db"}, "legacy-metrics-db"},
		{"prots", []string{"port", "ports"}, "ports"},
		{"hostnmae", []string{"hostname"}, "hostname"},
		{"x", []string{"y"}, ""},
		{"payments", []string{"reporting", "analytics-db"}, ""},
		{"", []string{"a"}, ""},
		{"same", []string{"sane", "sama"}, "sane"},
	} {
		if got := Nearest(tt.word, tt.candidates); got != tt.want {
			t.Errorf("Nearest(%q, %v) = %q, want %q", tt.word, tt.candidates, got, tt.want)
		}
	}
}

func TestKeyOf(t *testing.T) {
	svc := &corev1.Service{}
	svc.Name = "db"
	if kind, key := KeyOf(svc); kind != "Service" || key != (model.Key{Namespace: "default", Name: "db"}) {
		t.Errorf("KeyOf gives %s %s, want Service default/db", kind, key)
	}
	if kind, _ := KeyOf(&corev1.Pod{}); kind != "" {
		t.Errorf("KeyOf a Pod gives %q, want nothing", kind)
	}
}

// What Convert is given is shared, and may be converted again.
func TestConvertChangesNothing(t *testing.T) {
	for _, path := range []string{"testdata/slices.in.yaml", "testdata/families.in.yaml", "testdata/targets.in.yaml", "testdata/incluster.in.yaml"} {
		in, same := readInput(t, path), readInput(t, path)
		first := Convert(in)
		if d := cmp.Diff(same.Objects, in.Objects); d != "" {
			t.Errorf("%s: input changed (-before +after):\n%s", path, d)
		}
		if d := cmp.Diff(summary(first), summary(Convert(in)), cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("%s: the second conversion differs:\n%s", path, d)
		}
	}
}

// A mistake that was made ten thousand times must not take for ever to explain.
func TestSuggestionsAreBounded(t *testing.T) {
	c := newConverter(Input{})
	for range maxSuggestions {
		c.suggest(model.Key{Name: "x"})
	}
	c.services[model.Key{Name: "analytics-db"}] = &declared{report: &report{}, plain: &corev1.Service{}}
	c.byNamespace = nil
	if got := c.suggest(model.Key{Name: "analytics"}); got != "" {
		t.Errorf("suggestion %d is %q, want none", maxSuggestions+1, got)
	}
}

func TestOneBadServiceLeavesTheOthers(t *testing.T) {
	var in Input
	for _, name := range []string{"good", "Bad", "fine"} {
		s := &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "db.example.com"}}
		s.Name = name
		in.Objects = append(in.Objects, Object{Value: s})
	}
	in.Objects = append(in.Objects, Object{Value: &corev1.Pod{}}, Object{Value: &discoveryv1.EndpointSlice{}})
	if got := len(Convert(in).Services); got != 2 {
		t.Errorf("%d services, want 2", got)
	}
}

// The order in which slices are listed is nobody's wish.
func TestSlicesInAnyOrder(t *testing.T) {
	in := readInput(t, "testdata/incluster.in.yaml")
	want := summary(Convert(in))
	find := in.InCluster
	in.InCluster = func(k model.Key) (InCluster, bool) {
		c, ok := find(k)
		c.Slices = slices.Clone(c.Slices)
		slices.Reverse(c.Slices)
		return c, ok
	}
	if d := cmp.Diff(want, summary(Convert(in)), cmpopts.EquateComparable(netip.Addr{})); d != "" {
		t.Errorf("slices in reverse make a difference:\n%s", d)
	}
}

// A generation is told of objects in an API server, not of their dumps.
func TestGeneration(t *testing.T) {
	e := named("db.example.com")
	e.Generation = 3
	for file, want := range map[string]int64{"": 3, "dump.yaml": 0} {
		out := Convert(Input{Objects: []Object{{Value: e, File: file}}})
		if got := out.Services[0].Origin.Generation; got != want {
			t.Errorf("the generation of an object in file %q is %d, want %d", file, got, want)
		}
	}
}
