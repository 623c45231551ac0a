package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// annotated are plain Services that name their host, and no other object.
const annotated = `
apiVersion: v1
kind: Service
metadata:
  name: db
  namespace: reporting
  annotations: {fairlead.dev/hostname: db.example.com, fairlead.dev/ports: postgres=5432}
spec:
  ports: [{name: postgres, port: 15432}]
---
apiVersion: v1
kind: Service
metadata:
  name: members
  namespace: reporting
  annotations: {fairlead.dev/hostname: db.example.com}
spec:
  clusterIP: None
`

// TestAnnotatedServices: no custom resource, and the name is followed.
func TestAnnotatedServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.database("prod", "10.0.1.25")
	w.database("test", "10.0.1.26")
	w.records("db.example.com. 2 A 10.0.1.25")
	w.write("db.yaml", annotated)
	w.run()

	lands := func(on, at string) func() error {
		return func() error {
			if got := strings.TrimSpace(w.output(pod("reporting", append(psql("db"), "-p", "15432")...)...)); got != on {
				return fmt.Errorf("psql lands on %q, want %q", got, on)
			}
			if got := w.dig("members.reporting.svc.cluster.local"); !slices.Equal(got, []string{at}) {
				return fmt.Errorf("the headless name answers with %v, want %s", got, at)
			}
			return nil
		}
	}
	if err := lands("prod", "10.0.1.25")(); err != nil {
		t.Fatal(err)
	}
	if got := w.dig("external.members.reporting.svc.cluster.local"); len(got) > 0 {
		t.Errorf("a name that nobody wrote answers with %v", got)
	}
	w.records("db.example.com. 2 A 10.0.1.26")
	w.eventually("the changed record is followed", lands("test", "10.0.1.26"))
}
