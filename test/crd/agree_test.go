//go:build linux

package crd

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

var update = flag.Bool("update", false, "write what comes out into testdata/*.txt")

const messagesFile = "testdata/messages.txt"

// agree puts every case to both.
func agree(t *testing.T, k *tier) {
	var said strings.Builder
	used := map[string]bool{}
	for _, c := range cases(t) {
		used[c.Except] = true
		t.Run(c.Case, func(t *testing.T) {
			cluster, run := c.accepts(t)
			stored, refusal := k.create(t, objects, c.object())
			if refusal != nil {
				fmt.Fprintf(&said, "%s\n%s", c.Case, words(refusal))
			}
			if (refusal == nil) != cluster {
				t.Errorf("the API server accepts it: %v, want %v\n%v", refusal == nil, cluster, refusal)
			}
			written, problems := converted(t, c.object())
			if (len(problems) == 0) != run {
				t.Errorf("convert accepts it: %v, want %v\n%v", len(problems) == 0, run, strings.Join(problems, "\n"))
			}
			if refusal != nil || len(problems) > 0 {
				return
			}
			defaulted, problems := converted(t, json.RawMessage(stored))
			if d := cmp.Diff(written, defaulted, cmpopts.EquateComparable(netip.Addr{})); d != "" || len(problems) > 0 {
				t.Errorf("the API server's defaults change what convert makes of it: %v\n%s", problems, d)
			}
		})
	}
	for _, e := range exceptions() {
		if !used[e.name] {
			t.Errorf("no case is an example of the exception %q: remove it", e.name)
		}
	}
	t.Run("messages", func(t *testing.T) { messages(t, said.String()) })
}

// words are a refusal as a person reads it, one line for each cause.
func words(s *metav1.Status) string {
	if s.Details == nil || len(s.Details.Causes) == 0 {
		return "  " + s.Message + "\n"
	}
	var lines []string
	for _, c := range s.Details.Causes {
		lines = append(lines, fmt.Sprintf("  %s: %s\n", c.Field, c.Message))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// converted is what package convert makes of an object, and its Errors.
func converted(t *testing.T, object any) (model.Service, []string) {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	x := new(v1alpha1.ExternalService)
	if err := yaml.UnmarshalStrict(text, x); err != nil {
		return model.Service{}, []string{err.Error()}
	}
	out := convert.Convert(convert.Input{
		Objects:       []convert.Object{{Value: x}},
		ClusterDomain: "cluster.local",
		ServiceCIDRs:  []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16")},
	})
	var errs []string
	for _, p := range out.Problems {
		if p.Severity == model.Error {
			errs = append(errs, p.Field+": "+p.Message)
		}
	}
	if len(out.Services) == 0 {
		return model.Service{}, errs
	}
	svc := out.Services[0].Service
	svc.Origin.Generation = 0 // only a stored object has one
	return svc, errs
}

// messages compares what the API server says with the golden file, and that
// every rule of the CRD has had its say.
func messages(t *testing.T, got string) {
	golden(t, messagesFile, got)
	walk(schema(t), "", func(path string, node map[string]any) {
		rules, _ := node["x-kubernetes-validations"].([]any)
		for _, r := range rules {
			message := r.(map[string]any)["message"].(string)
			if !strings.Contains(got, message) {
				t.Errorf("%s: no case draws the message %q", path, message)
			}
			if !strings.Contains(message, "write ") && !strings.Contains(message, "give ") {
				t.Errorf("%s: the message %q does not say what to write instead", path, message)
			}
		}
	})
}
