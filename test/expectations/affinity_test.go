//go:build linux

package expectations

import (
	"context"
	"fmt"
	"testing"
)

// trio applies a service of three places.
func (w *world) trio(affinity string) {
	w.t.Helper()
	w.external("web", fmt.Sprintf(`
  ports: [{name: http, port: 80, targetPort: 8080}]
  targets: [{name: all, addresses: [10.0.1.25, 10.0.1.26, 10.0.1.27]}]
  sessionAffinity: %s`, affinity))
}

// sticks waits until all connections of a client arrive at one place. So many
// do not by chance.
func (w *world) sticks() {
	w.t.Helper()
	for _, pod := range clients() {
		w.eventually(func(ctx context.Context) error {
			got, err := w.ask(ctx, pod, "TCP", w.clusterIP("web"), 80, 24)
			if err == nil && len(got) != 1 {
				err = fmt.Errorf("connections from Pod %s arrive at %v, want one place", pod, got)
			}
			return err
		})
	}
}

// Services "should have session affinity work for service with type clusterIP".
func TestSessionAffinity(t *testing.T) {
	w := newTrio(t)
	w.trio("ClientIP")
	w.sticks()
}

// Services "should be able to switch session affinity for service with type
// clusterIP".
func TestSessionAffinityIsSwitched(t *testing.T) {
	w := newTrio(t)
	w.trio("ClientIP")
	w.sticks()
	ip := w.clusterIP("web")
	w.trio("None")
	w.tcp("web", 80, "10.0.1.25:8080", "10.0.1.26:8080", "10.0.1.27:8080")
	w.trio("ClientIP")
	w.sticks()
	w.keeps("web", ip)
}

func newTrio(t *testing.T) *world {
	w := newWorld(t)
	for _, addr := range []string{"10.0.1.25", "10.0.1.26", "10.0.1.27"} {
		w.site(addr).web(8080)
	}
	return w
}
