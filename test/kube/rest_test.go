//go:build linux

package kube

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/test/controller"
)

// TestAtRest: while nothing changes, nothing is written, as the API server's own
// metrics show, though the DNS is asked all the time.
func TestAtRest(t *testing.T) {
	w, ctl := start(t)
	var manifests strings.Builder
	for n := range 50 {
		manifests.WriteString(fixed(fmt.Sprintf("fixed-%d", n), fmt.Sprintf("10.0.2.%d", n+1)))
		manifests.WriteString(named(fmt.Sprintf("named-%d", n), fmt.Sprintf("10-0-3-%d.example.com", n+1)))
	}
	w.apply(manifests.String())
	for n := range 50 {
		w.says(fmt.Sprintf("fixed-%d", n), "Ready", metav1.ConditionTrue, "EndpointsReady")
		w.says(fmt.Sprintf("named-%d", n), "Ready", metav1.ConditionTrue, "EndpointsReady")
	}
	w.eventually("what other tests have left is collected", w.leftover)
	asked := lookups(ctl)
	before := w.requests()
	w.eventually("nothing is written for three seconds", func() string {
		last := before
		time.Sleep(3 * time.Second)
		before = w.requests()
		return more(last, before)
	})

	time.Sleep(20 * time.Second)
	if written := more(before, w.requests()); written != "" {
		t.Errorf("at rest the API server counts writes:\n%s", written)
	}
	if now := lookups(ctl); now < asked+50 {
		t.Errorf("the DNS was asked %d times only: it is no wonder that nothing was written", now-asked)
	}
	w.patch("fixed-0", readdress("10.0.2.100"))
	w.publishes("fixed-0", "10.0.2.100:5432")
	if written := more(before, w.requests()); !strings.Contains(written, "endpointslices") {
		t.Errorf("an edit is not counted, so the check above is worth nothing:\n%s", written)
	}
}

// leftover names what the ExternalServices of other tests have left, which Kubernetes'
// garbage collector deletes in its own time.
func (w *world) leftover() string {
	var services corev1.ServiceList
	var endpoints discoveryv1.EndpointSliceList
	if err := errors.Join(w.k.List(w.t.Context(), &services), w.k.List(w.t.Context(), &endpoints)); err != nil {
		return err.Error()
	}
	var all []string
	note := func(o client.Object) {
		if by := metav1.GetControllerOf(o); by != nil && by.Kind == v1alpha1.Kind && o.GetNamespace() != w.ns {
			all = append(all, fmt.Sprintf("%T %s/%s", o, o.GetNamespace(), o.GetName()))
		}
	}
	for i := range services.Items {
		note(&services.Items[i])
	}
	for i := range endpoints.Items {
		note(&endpoints.Items[i])
	}
	return strings.Join(all, "\n")
}

// named is the manifest of an ExternalService by a name, which is asked for as
// often as every second.
func named(name, host string) string {
	return fmt.Sprintf(`apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: %s}
spec:
  ports: [{name: postgres, port: 5432}]
  resolution: {minInterval: 1s}
  targets: [{name: db, hostname: %s}]
---
`, name, host)
}

// requests are what the API server counts of requests that change something, by
// verb and resource. Leases are written at rest, by its own parts.
func (w *world) requests() map[string]int {
	w.t.Helper()
	all := map[string]int{}
	line := regexp.MustCompile(`(?m)^apiserver_request_total{(.*)} (\S+)$`)
	for _, m := range line.FindAllStringSubmatch(w.kubectl("get", "--raw", "/metrics"), -1) {
		verb, resource := label(m[1], "verb"), label(m[1], "resource")
		if !slices.Contains([]string{"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}, verb) || resource == "leases" {
			continue
		}
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			w.t.Fatal(err)
		}
		all[verb+" "+resource] += int(n)
	}
	if len(all) == 0 {
		w.t.Fatal("the API server's metrics count no request at all")
	}
	return all
}

func label(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// more says what was counted between two moments.
func more(before, after map[string]int) string {
	var lines []string
	for what, n := range after {
		if n > before[what] {
			lines = append(lines, fmt.Sprintf("%s %d", what, n-before[what]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// lookups is how often a controller has asked the DNS.
func lookups(ctl *controller.Controller) int {
	total := 0
	ctl.Eventually("its metrics", func(ctx context.Context) error {
		page, err := ctl.Get(ctx, "/metrics")
		if err != nil {
			return err
		}
		for _, m := range regexp.MustCompile(`(?m)^fairlead_lookups_total{.*} (\d+)$`).FindAllStringSubmatch(page, -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	return total
}
