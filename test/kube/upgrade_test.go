//go:build linux

package kube

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
)

// TestUpgrade: objects from before a rule are told what to write, harm nobody,
// and can be mended once the rule is there.
func TestUpgrade(t *testing.T) {
	w, ctl := start(t)
	w.apply(fixed("db", "10.0.1.25"))
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	w.installOlder()
	before := w.versions("db")
	w.patch("db", `{"spec": {"targets": [{"name": "db", "addresses": null, "hostname": "10.0.1.26"}]}}`)
	w.apply(named("label", "postgres") + fixed("fine", "10.0.1.27"))
	refused := func() {
		t.Helper()
		for name, words := range map[string]string{"db": "write addresses: [10.0.1.26] instead of hostname", "label": "postgres.example.com"} {
			message := w.says(name, "Accepted", metav1.ConditionFalse, "Invalid")
			if !strings.Contains(message, words) {
				t.Errorf("%s is not told to %s: %s", name, words, message)
			}
		}
		w.settle()
		wants(t, w.versions("db"), before)
		w.says("db", "Accepted", metav1.ConditionFalse, "Invalid")
		if w.service("label") != nil {
			t.Error("something was made of a spec that was never valid")
		}
		w.publishes("fine", "10.0.1.27:5432")
	}
	refused()
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	w.event("label", "Invalid", "postgres.example.com")
	ctl.Kill()
	another(t, w.c)
	refused()

	if err := program.Install(t.Context(), w.c); err != nil {
		t.Fatal(err)
	}
	w.eventually("the rules hold", func() string {
		e := &v1alpha1.ExternalService{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "fine"}}
		bad := client.RawPatch(types.MergePatchType, []byte(`{"spec": {"targets": [{"name": "db", "hostname": "10.0.1.26"}]}}`))
		if err := w.k.Patch(t.Context(), e, bad, client.DryRunAll); !apierrors.IsInvalid(err) {
			return "an IP address as hostname is accepted"
		}
		return ""
	})
	for _, name := range []string{"db", "label"} {
		e := w.external(name)
		e.Status = v1alpha1.ExternalServiceStatus{}
		if err := w.k.Status().Update(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	refused()
	w.patch("db", readdress("10.0.1.26"))
	w.patch("label", `{"spec": {"targets": [{"name": "db", "hostname": "10-0-1-28.example.com"}]}}`)
	w.publishes("db", "10.0.1.26:5432")
	w.publishes("label", "10.0.1.28:5432")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	w.says("label", "Ready", metav1.ConditionTrue, "EndpointsReady")
}

// TestNewerSchema: what a newer schema knows is neither understood nor lost.
func TestNewerSchema(t *testing.T) {
	w, _ := start(t)
	w.installOlder()
	w.apply(strings.ReplaceAll(fixed("db", "10.0.1.25"), "spec:\n", "spec:\n  colour: blue\n"))
	w.publishes("db", "10.0.1.25:5432")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	if colour := w.kubectl("get", "xsvc", "db", "-o", "jsonpath={.spec.colour}"); colour != "blue" {
		t.Errorf("the field that is not known has become %q", colour)
	}
}

// installOlder replaces the CRD by one without a rule, which keeps every field,
// until the test ends.
func (w *world) installOlder() {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "crds", "fairlead.dev_externalservices.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	var crd map[string]any
	if err := yaml.Unmarshal(text, &crd); err != nil {
		w.t.Fatal(err)
	}
	loosen(crd)
	loose, err := json.Marshal(crd)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := program.Install(context.Background(), w.c); err != nil {
			w.t.Error(err)
		}
	})
	if err := w.c.Apply(w.t.Context(), loose); err != nil {
		w.t.Fatal(err)
	}
	w.eventually("the older schema is in force", func() string {
		e := `{"apiVersion": "fairlead.dev/v1alpha1", "kind": "ExternalService", "metadata": {"name": "try"}, "spec": {"colour": "blue", "targets": [{"name": "db", "hostname": "10.0.1.26"}]}}`
		cmd := w.c.Command(w.t.Context(), "create", "-n", w.ns, "--dry-run=server", "-o", "jsonpath={.spec.colour}", "-f", "-")
		cmd.Stdin = strings.NewReader(e)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "blue" {
			return string(out)
		}
		return ""
	})
}

// loosen takes the rules out of a schema. A map without properties is one of
// objects.
func loosen(node any) {
	switch n := node.(type) {
	case []any:
		for _, e := range n {
			loosen(e)
		}
	case map[string]any:
		for _, rule := range []string{"x-kubernetes-validations", "pattern", "format", "minItems", "minLength", "minProperties", "maxLength", "enum"} {
			delete(n, rule)
		}
		for _, e := range n {
			loosen(e)
		}
		if _, is := n["properties"]; is && n["type"] == "object" {
			n["x-kubernetes-preserve-unknown-fields"] = true
		}
	}
}
