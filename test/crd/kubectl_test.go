//go:build linux

package crd

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: analytics-db, namespace: default}
spec:
  ports: [{name: postgres, port: 5432}]
  targets:
  - {name: primary, hostname: primary-db.example.com}
  - {name: standby, priority: 1, addresses: [10.0.1.25, 10.0.1.26]}
  probe: {tcp: {}}
`

const sampleStatus = `{"status": {
  "observedGeneration": 1,
  "conditions": [{"type": "Ready", "status": "True", "reason": "EndpointsReady", "message": "2 of 3 endpoints are ready", "lastTransitionTime": "2026-01-02T03:04:05Z"}],
  "active": {"priority": 1, "targets": ["standby", "third"], "summary": "standby,third", "since": "2026-01-02T03:04:05Z", "pinned": {"by": "maria", "at": "2026-01-02T03:04:05Z"}},
  "endpoints": "2/3",
  "targets": [{"name": "standby", "addresses": [{"ip": "10.0.1.25", "ready": true}], "reason": "Fixed", "message": "its addresses are written in the manifest"}],
  "history": [{"at": "2026-01-02T03:04:05.678901Z", "from": ["primary"], "to": ["standby", "third"], "fromPriority": 0, "toPriority": 1, "reason": "TierDown", "took": "612ms"}]
}}`

// people is what a person sees through kubectl.
func people(t *testing.T, k *tier) {
	if err := k.Apply(t.Context(), []byte(sample)); err != nil {
		t.Fatal(err)
	}
	kubectl := func(args ...string) string {
		t.Helper()
		out, err := k.Kubectl(t.Context(), args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Run("columns before there is a status", func(t *testing.T) {
		table(t, kubectl("get", "xsvc"), "NAME TYPE ACTIVE READY ENDPOINTS AGE", "analytics-db ClusterIP AGE")
	})
	kubectl("patch", "xsvc", "analytics-db", "--subresource=status", "--type=merge", "-p", sampleStatus)
	t.Run("columns", func(t *testing.T) {
		table(t, kubectl("get", "externalservices"), "NAME TYPE ACTIVE READY ENDPOINTS AGE", "analytics-db ClusterIP standby,third True 2/3 AGE")
	})
	t.Run("the status has a place of its own", func(t *testing.T) {
		kubectl("patch", "xsvc", "analytics-db", "--type=merge", "-p", `{"status": {"endpoints": "9/9"}}`)
		if got := kubectl("get", "xsvc", "analytics-db", "-o", "jsonpath={.status.endpoints} {.metadata.generation}"); got != "2/3 1" {
			t.Errorf("a write to the object changed its status: %s", got)
		}
	})
	t.Run("get all is left alone", func(t *testing.T) {
		if got := kubectl("get", "all", "-o", "name"); strings.Contains(got, "analytics-db") {
			t.Errorf("kubectl get all shows it:\n%s", got)
		}
	})
	t.Run("defaults", func(t *testing.T) { defaults(t, kubectl("get", "xsvc", "analytics-db", "-o", "jsonpath={.spec}")) })
	t.Run("explain", func(t *testing.T) {
		var got strings.Builder
		for _, field := range []string{"", ".spec", ".spec.targets", ".spec.probe", ".spec.probe.http", ".spec.probe.postgres", ".spec.failover", ".status"} {
			got.WriteString("$ kubectl explain xsvc" + field + "\n" + kubectl("explain", "xsvc"+field) + "\n")
		}
		golden(t, "testdata/explain.txt", got.String())
	})
	t.Run("server-side apply of two targets of one name", func(t *testing.T) {
		err := k.Apply(t.Context(), []byte(strings.Replace(sample, "name: standby", "name: primary", 1)))
		if err == nil || !strings.Contains(err.Error(), `duplicate entries for key [name="primary"]`) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("one target is somebody else's to move", func(t *testing.T) {
		cmd := k.Command(t.Context(), "apply", "--server-side", "--field-manager=another", "-f", "-")
		cmd.Stdin = strings.NewReader("apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: analytics-db}\nspec: {targets: [{name: third, priority: 2, hostname: c.example.com}]}\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got := kubectl("get", "xsvc", "analytics-db", "-o", "jsonpath={.spec.targets[*].name}"); got != "primary standby third" {
			t.Errorf("targets are %s", got)
		}
	})
}

// table compares rows without their spaces; an age is AGE.
func table(t *testing.T, got string, want ...string) {
	t.Helper()
	age := regexp.MustCompile(`\d+s$`)
	var rows []string
	for line := range strings.Lines(got) {
		rows = append(rows, age.ReplaceAllString(strings.Join(strings.Fields(line), " "), "AGE"))
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func defaults(t *testing.T, spec string) {
	t.Helper()
	const want = `{
		"type": "ClusterIP", "sessionAffinity": "None",
		"ports": [{"name": "postgres", "port": 5432, "protocol": "TCP"}],
		"targets": [
			{"name": "primary", "priority": 0, "hostname": "primary-db.example.com"},
			{"name": "standby", "priority": 1, "addresses": ["10.0.1.25", "10.0.1.26"]}
		],
		"probe": {"interval": "5s", "timeout": "1s", "failureThreshold": 3, "successThreshold": 2, "tcp": {}}
	}`
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(spec), &b); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// golden compares a text with a file, or writes it there.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, d)
	}
}
