//go:build linux

package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/test/controller"
)

// TestAPIServerAway: an API server that goes away and returns costs nothing but
// the wait, to one that leads, to one that is alone, and to one that is started
// meanwhile.
func TestAPIServerAway(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
		// deposed is whether the outage outlasts the lease.
		deposed bool
	}{
		{"leader", []string{"--leader-elect"}, true},
		{"alone", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, ctl := start(t, tt.flags...)
			w.apply(fixed("db", "10.0.1.25", "fd00::25") + fixed("edited", "10.0.1.26"))
			w.says("edited", "Ready", metav1.ConditionTrue, "EndpointsReady")
			w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
			before := w.all("db")

			returns := w.takeAPIServerAway()
			all := []*controller.Controller{ctl}
			if tt.deposed {
				notReady(ctl)
				late := program.Launch(t, w.c, tt.flags...)
				notReady(late)
				all = append(all, late)
			}
			returns()
			for _, one := range all {
				one.Eventually("it is ready", func(ctx context.Context) error {
					_, err := one.Get(ctx, "/readyz")
					return err
				})
			}
			w.patch("edited", readdress("10.0.1.27"))
			w.publishes("edited", "10.0.1.27:5432")
			w.says("edited", "Programmed", metav1.ConditionTrue, "Programmed")
			wants(t, w.all("db"), before)
		})
	}
}

// takeAPIServerAway kills the API server. What it returns brings it back, and is
// called at the end of the test at the latest.
func (w *world) takeAPIServerAway() (returns func()) {
	w.t.Helper()
	if err := w.c.Kill(w.t.Context(), "kube-apiserver"); err != nil {
		w.t.Fatal(err)
	}
	away := true
	returns = func() {
		if !away {
			return
		}
		away = false
		if err := w.c.Restart(context.Background(), "kube-apiserver"); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Cleanup(returns)
	return returns
}

// notReady waits until a controller says that the API server is away.
func notReady(ctl *controller.Controller) {
	ctl.Eventually("it says that the API server is away", func(ctx context.Context) error {
		page, err := ctl.Get(ctx, "/readyz")
		switch {
		case err == nil:
			return fmt.Errorf("it says %q", page)
		case !strings.Contains(err.Error(), "connection refused"):
			return err
		}
		return nil
	})
}

// TestCRDMissing: a controller that comes before its CRD says so, and waits.
func TestCRDMissing(t *testing.T) {
	w := newWorld(t, shared.Get(t))
	w.kubectl("delete", "crd", "--ignore-not-found", "externalservices.fairlead.dev")
	ctl := program.Launch(t, w.c)
	ctl.Eventually("it says what to do", func(context.Context) error {
		if !strings.Contains(ctl.Log(), "the cluster does not know ExternalServices: kubectl apply -f deploy/crds") {
			return errors.New("its log does not")
		}
		return nil
	})
	if page, err := ctl.Get(t.Context(), "/readyz"); err == nil || !strings.Contains(err.Error(), "kubectl apply") {
		t.Errorf("without its CRD /readyz says %q, %v", page, err)
	}
	if err := program.Install(t.Context(), w.c); err != nil {
		t.Fatal(err)
	}
	w.apply(fixed("db", "10.0.1.25"))
	w.publishes("db", "10.0.1.25:5432")
}
