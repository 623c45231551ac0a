//go:build linux

package expectations

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// typed is one place as each of the types. It is reached at port 8080 by all of
// them, so that a client need not know which it is.
func (w *world) typed(kind string) {
	w.t.Helper()
	w.external("web", fmt.Sprintf(`{type: %s, ports: [{name: http, port: 8080}], targets: [{name: only, hostname: %s}]}`, kind, w.name("web")))
}

// is waits until the service is of a type, and says so by its records, its
// traffic and its Service.
func (w *world) is(kind string) {
	w.t.Helper()
	const place = "10.0.1.25:8080"
	host := w.host("web")
	switch kind {
	case "ClusterIP":
		w.answers(host, "A", w.clusterIP("web"))
		w.tcp("web", 8080, place)
	case "Headless":
		w.answers(host, "A", "10.0.1.25")
		w.answers("only."+host, "A", "10.0.1.25")
		w.reaches("TCP", []string{host, "only." + host}, 8080, place)
	case "ExternalName":
		w.answers(host, "CNAME", w.name("web")+".")
		w.answers(host, "A", w.name("web")+".", "10.0.1.25")
		w.reaches("TCP", []string{host}, 8080, place)
	}
	w.stands(kind)
}

// stands waits until the Service has the virtual IP, or lacks it, as its type
// asks for, and slices of ExternalName are gone.
func (w *world) stands(kind string) {
	w.t.Helper()
	w.eventually(func(ctx context.Context) error {
		s, err := w.service(ctx, "web")
		if err != nil {
			return err
		}
		left, err := w.slices(ctx, "web")
		if err != nil {
			return err
		}
		alias, headless := s.Spec.Type == corev1.ServiceTypeExternalName, s.Spec.ClusterIP == corev1.ClusterIPNone
		switch {
		case alias != (kind == "ExternalName") || headless != (kind == "Headless"):
			return fmt.Errorf("the Service is %s with virtual IP %q, want %s", s.Spec.Type, s.Spec.ClusterIP, kind)
		case alias && (s.Spec.ClusterIP != "" || len(left) > 0):
			return fmt.Errorf("an ExternalName has virtual IP %q and %d slices, want neither", s.Spec.ClusterIP, len(left))
		}
		return nil
	})
}

// Services "should be able to change the type from ExternalName to ClusterIP".
func TestExternalNameToClusterIP(t *testing.T) {
	newTyped(t, "ExternalName", "ClusterIP")
}

// Services "should be able to change the type from ClusterIP to ExternalName".
func TestClusterIPToExternalName(t *testing.T) {
	newTyped(t, "ClusterIP", "ExternalName")
}

// TestHeadlessToAndFro has no model in Kubernetes, where a virtual IP is neither
// given to a Service nor taken from it: with Fairlead every type becomes every
// other.
func TestHeadlessToAndFro(t *testing.T) {
	newTyped(t, "Headless", "ClusterIP", "Headless", "ExternalName", "Headless")
}

// newTyped goes through the types one by one.
func newTyped(t *testing.T, kinds ...string) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.records("web 60 A 10.0.1.25")
	for _, kind := range kinds {
		w.typed(kind)
		w.is(kind)
	}
}
