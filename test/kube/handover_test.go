//go:build linux

package kube

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/test/controller"
)

// TestHandOver: one of several replicas writes. When it ends, in order or not,
// another carries on where it stopped, and a client notices nothing.
func TestHandOver(t *testing.T) {
	w, first := start(t, "--leader-elect")
	w.apply(fixed("db", "10.0.1.25", "fd00::25") + fixed("edited", "10.0.1.26"))
	w.says("edited", "Ready", metav1.ConditionTrue, "EndpointsReady")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	before, film := w.all("db"), w.film()

	second := another(t, w.c, "--leader-elect")
	w.waits(second)

	first.Stop(syscall.SIGTERM)
	w.patch("edited", readdress("10.0.1.28"))
	w.publishes("edited", "10.0.1.28:5432")
	if writes(second) == "" {
		t.Error("the second leads, and its metrics count no write: the check above is worth nothing")
	}

	third := another(t, w.c, "--leader-elect")
	w.waits(third)
	second.Kill()
	w.patch("edited", readdress("10.0.1.30"))
	w.publishes("edited", "10.0.1.30:5432")
	w.says("edited", "Programmed", metav1.ConditionTrue, "Programmed")

	wants(t, w.all("db"), before)
	film.noNeedlessWrite()
}

// waits checks that a controller writes nothing, while there is so much to write
// that one of two who both write would not always be too late.
func (w *world) waits(ctl *controller.Controller) {
	w.t.Helper()
	for n := range 20 {
		a := fmt.Sprintf("10.0.2.%d", n+1)
		w.patch("edited", readdress(a))
		w.publishes("edited", a+":5432")
	}
	w.says("edited", "Programmed", metav1.ConditionTrue, "Programmed")
	wants(w.t, writes(ctl), "")
}

// readdress is the patch that replaces the addresses of a fixed one.
func readdress(addresses ...string) string {
	return `{"spec": {"targets": [{"name": "db", "addresses": [` + strings.Join(quoted(addresses), ", ") + `]}]}}`
}

// all are the resource versions of an ExternalService and its objects.
func (w *world) all(name string) string {
	w.t.Helper()
	return "ExternalService " + w.external(name).ResourceVersion + ", " + w.versions(name)
}

func wants(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// writes are the lines of a controller's metrics that count requests which change
// something.
func writes(ctl *controller.Controller) string {
	var lines []string
	ctl.Eventually("its metrics", func(ctx context.Context) error {
		text, err := ctl.Get(ctx, "/metrics")
		if err != nil {
			return err
		}
		if !strings.Contains(text, "rest_client_requests_total{") {
			return errors.New("they count no request at all")
		}
		lines = regexp.MustCompile(`(?m)^rest_client_requests_total{.*method="(PUT|POST|PATCH|DELETE)".*$`).FindAllString(text, -1)
		return nil
	})
	return strings.Join(lines, "\n")
}
