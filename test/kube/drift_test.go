//go:build linux

package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// stands is what may not differ once drift is healed.
func (w *world) stands(name string) string {
	s := w.service(name)
	if s == nil {
		return "no Service"
	}
	all := []any{s.Spec, s.Labels, s.OwnerReferences}
	for _, sl := range w.slices(name) {
		all = append(all, sl.Name, sl.Labels, sl.OwnerReferences, sl.Ports, sl.Endpoints)
	}
	text, err := json.Marshal(all)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// TestDrift: what people change by hand is put right.
func TestDrift(t *testing.T) {
	w, _ := start(t)
	w.apply(fixed("db", "10.0.1.25", "10.0.1.26"))
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	want := w.stands("db")
	name := w.slices("db")[0].Name
	for _, args := range [][]string{
		{"patch", "service", "db", "-p", `{"spec": {"selector": {"app": "db"}}}`},
		{"patch", "service", "db", "-p", `{"spec": {"ports": [{"name": "more", "port": 7777}]}}`},
		{"patch", "service", "db", "-p", `{"spec": {"ports": [{"name": "postgres", "port": 5432, "targetPort": 1}]}}`},
		{"patch", "service", "db", "-p", `{"spec": {"type": "NodePort"}}`},
		{"patch", "service", "db", "-p", `{"spec": {"type": "LoadBalancer"}}`},
		{"patch", "service", "db", "-p", `{"spec": {"externalIPs": ["203.0.113.7"]}}`},
		{"patch", "service", "db", "-p", `{"spec": {"sessionAffinity": "ClientIP"}}`},
		{"patch", "service", "db", "-p", `{"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}}`},
		{"patch", "endpointslice", name, "--type", "json", "-p", `[{"op": "replace", "path": "/endpoints", "value": [{"addresses": ["203.0.113.7"]}]}]`},
		{"patch", "endpointslice", name, "--type", "json", "-p", `[{"op": "replace", "path": "/endpoints/0/conditions/ready", "value": false}]`},
		{"patch", "endpointslice", name, "--type", "json", "-p", `[{"op": "replace", "path": "/ports/0/port", "value": 1}]`},
		{"label", "endpointslice", name, "service.kubernetes.io/headless="},
		{"label", "endpointslice", name, "--overwrite", "endpointslice.kubernetes.io/managed-by=me"},
		{"label", "endpointslice", name, "--overwrite", "kubernetes.io/service-name=other"},
		{"label", "endpointslice", name, "kubernetes.io/service-name-", "endpointslice.kubernetes.io/managed-by-"},
		{"patch", "endpointslice", name, "-p", `{"metadata": {"ownerReferences": null}}`},
		{"delete", "endpointslice", name},
	} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			w.t = t
			w.kubectl(args...)
			began := time.Now()
			w.eventually("it is as it was", func() string {
				if got := w.stands("db"); got != want {
					return got
				}
				return ""
			})
			t.Logf("healed %s after kubectl had returned", time.Since(began).Round(time.Millisecond))
		})
	}
	t.Run("delete service", func(t *testing.T) {
		w.t = t
		w.kubectl("delete", "service", "db")
		w.eventually("there is a Service again", func() string {
			if s := w.service("db"); s == nil {
				return "none"
			}
			return ""
		})
		w.publishes("db", "10.0.1.25:5432", "10.0.1.26:5432")
	})
}

// TestOthersMayAnnotate: labels and annotations of others stay.
func TestOthersMayAnnotate(t *testing.T) {
	w, _ := start(t)
	w.apply(fixed("db", "10.0.1.25"))
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	for _, kind := range []string{"service/db", "endpointslice/" + w.slices("db")[0].Name} {
		w.kubectl("label", kind, "team=storage")
		w.kubectl("annotate", kind, "team=storage")
	}
	w.patch("db", `{"spec": {"ports": [{"name": "postgres", "port": 5433}], "targets": [{"name": "db", "addresses": ["10.0.1.26"]}]}}`)
	w.publishes("db", "10.0.1.26:5433")
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	for _, o := range []metav1.Object{w.service("db"), &w.slices("db")[0]} {
		if o.GetLabels()["team"] != "storage" || o.GetAnnotations()["team"] != "storage" {
			t.Errorf("%s has %v %v", o.GetName(), o.GetLabels(), o.GetAnnotations())
		}
	}
}

// TestConflictingWriters: while others write the same objects, over and over,
// nothing is lost, nothing else is held up, and in the end all is right.
func TestConflictingWriters(t *testing.T) {
	w, _ := start(t)
	w.apply(fixed("db", "10.0.1.25", "10.0.1.26"))
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	slice := w.slices("db")[0].Name
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var writes atomic.Int32
	writers.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			object := client.Object(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "db"}})
			patch := fmt.Sprintf(`{"spec": {"selector": {"n": "%d"}}}`, n)
			if n%2 == 0 {
				object = &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: slice}}
				patch = fmt.Sprintf(`{"endpoints": [{"addresses": ["203.0.113.%d"]}]}`, n%200+1)
			}
			if w.k.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(patch)), client.FieldOwner("somebody")) == nil {
				writes.Add(1)
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	for n := range 5 {
		name := fmt.Sprintf("other-%d", n)
		w.apply(fixed(name, "10.0.1.27"))
		w.publishes(name, "10.0.1.27:5432")
	}
	w.eventually("somebody has written often", func() string {
		if n := writes.Load(); n < 100 {
			return fmt.Sprint(n, " times")
		}
		return ""
	})
	stop()
	writers.Wait()
	w.publishes("db", "10.0.1.25:5432", "10.0.1.26:5432")
	w.eventually("the selector is gone", func() string {
		if s := w.service("db"); len(s.Spec.Selector) > 0 {
			return fmt.Sprint(s.Spec.Selector)
		}
		return ""
	})
}

// TestSizes: slices of at most 100 endpoints, one family each, reused.
func TestSizes(t *testing.T) {
	w, _ := start(t)
	w.apply(fixed("db", "10.0.1.25"))
	for _, n := range []int{1, 100, 101, 1000, 101, 2} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w.t = t
			var addresses, want []string
			for i := range n {
				a := fmt.Sprintf("10.%d.%d.%d", 1+i/60000, i/250, i%250+1)
				if i%3 == 1 {
					a = fmt.Sprintf("2001:db8::%x", i)
				}
				addresses, want = append(addresses, a), append(want, a+":5432")
			}
			w.apply(fixed("db", addresses...))
			w.publishes("db", want...)
			w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
			for _, s := range w.slices("db") {
				if len(s.Endpoints) > 100 {
					t.Errorf("%s has %d endpoints", s.Name, len(s.Endpoints))
				}
			}
			w.oneChangesOneSlice("db", addresses, want)
		})
	}
	t.Run("0", func(t *testing.T) {
		w.t = t
		w.apply(without("db"))
		w.publishes("db")
		w.says("db", "Ready", metav1.ConditionFalse, "ServiceNotFound")
	})
}

// without is an ExternalService that has no endpoint.
func without(name string) string {
	return fmt.Sprintf("apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: %s}\nspec: {ports: [{name: postgres, port: 5432}], targets: [{name: db, service: {name: none}}]}\n", name)
}

// oneChangesOneSlice replaces one address, and wants one write.
func (w *world) oneChangesOneSlice(name string, addresses, want []string) {
	w.t.Helper()
	before := map[string]string{}
	for _, s := range w.slices(name) {
		before[s.Name] = s.ResourceVersion
	}
	addresses, want = slices.Clone(addresses), slices.Clone(want)
	addresses[0], want[0] = "10.200.0.1", "10.200.0.1:5432"
	w.apply(fixed(name, addresses...))
	w.publishes(name, want...)
	w.says(name, "Programmed", metav1.ConditionTrue, "Programmed")
	changed := 0
	after := w.slices(name)
	for _, s := range after {
		if before[s.Name] != s.ResourceVersion {
			changed++
		}
	}
	if changed != 1 || len(after) != len(before) {
		w.t.Errorf("of %d slices, now %d, %d were written", len(before), len(after), changed)
	}
}

// TestNothingIsWrittenTwice: what stands right is left alone, by a new process
// too.
func TestNothingIsWrittenTwice(t *testing.T) {
	w, ctl := start(t)
	w.apply(fixed("db", "10.0.1.25", "fd00::25"))
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	before, status := w.versions("db"), w.external("db")
	ctl.Kill()
	another(t, w.c)
	w.apply(fixed("other", "10.0.1.26"))
	w.says("other", "Programmed", metav1.ConditionTrue, "Programmed")
	if after := w.versions("db"); after != before {
		t.Errorf("a restart has written:\n%s\n%s", before, after)
	}
	if after := w.external("db"); !equality.Semantic.DeepEqual(after.Status, status.Status) || after.ResourceVersion != status.ResourceVersion {
		t.Errorf("a restart has written the status:\n%+v\n%+v", status.Status, after.Status)
	}
}
