//go:build linux

package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/test/cluster"
	"fairlead.dev/test/controller"
)

// world is a namespace of a test's own in a cluster, seen as a person sees it.
type world struct {
	t  *testing.T
	c  *cluster.Cluster
	k  client.WithWatch
	ns string
	// settled are the services that were written to see that others were looked at.
	settled []string
}

func newWorld(t *testing.T, c *cluster.Cluster) *world {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	k, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "t-"}}
	if err := k.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, c: c, k: k, ns: ns.Name}
	t.Cleanup(func() { w.clear() })
	return w
}

// clear deletes the ExternalServices, so that the next test's controller has none
// of this one's. Nobody deletes namespaces in this cluster.
func (w *world) clear() {
	err := w.k.DeleteAllOf(context.Background(), &v1alpha1.ExternalService{}, client.InNamespace(w.ns))
	if err != nil && !meta.IsNoMatchError(err) && !apierrors.IsNotFound(err) { // the CRD may be missing
		w.t.Error(err)
	}
}

// start starts a controller and makes a world for it.
func start(t *testing.T, flags ...string) (*world, *controller.Controller) {
	t.Helper()
	c := shared.Get(t)
	ctl := another(t, c, flags...)
	return newWorld(t, c), ctl
}

// another starts a controller in a cluster that may have one already.
func another(t *testing.T, c *cluster.Cluster, flags ...string) *controller.Controller {
	t.Helper()
	return program.Start(t, c, append([]string{"--upstream", c.DNSAddr().String()}, flags...)...)
}

func (w *world) apply(manifests string) {
	w.t.Helper()
	cmd := w.c.Command(w.t.Context(), "apply", "-n", w.ns, "-f", "-")
	cmd.Stdin = strings.NewReader(manifests)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %s\n%s", err, out, manifests)
	}
}

func (w *world) kubectl(args ...string) string {
	w.t.Helper()
	out, err := w.c.Kubectl(w.t.Context(), append([]string{"-n", w.ns}, args...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// patch changes an ExternalService as `kubectl patch --type merge` does.
func (w *world) patch(name, patch string) {
	w.t.Helper()
	w.kubectl("patch", "xsvc", name, "--type", "merge", "-p", patch)
}

func (w *world) external(name string) *v1alpha1.ExternalService {
	w.t.Helper()
	return get(w, name, new(v1alpha1.ExternalService))
}

func (w *world) service(name string) *corev1.Service {
	w.t.Helper()
	return get(w, name, new(corev1.Service))
}

// get returns an object, or nil.
func get[T client.Object](w *world, name string, into T) T {
	w.t.Helper()
	err := w.k.Get(w.t.Context(), client.ObjectKey{Namespace: w.ns, Name: name}, into)
	if apierrors.IsNotFound(err) {
		var none T
		return none
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return into
}

// slices are all EndpointSlices of a Service, by name, whoever keeps them.
func (w *world) slices(service string) []discoveryv1.EndpointSlice {
	w.t.Helper()
	var list discoveryv1.EndpointSliceList
	err := w.k.List(w.t.Context(), &list, client.InNamespace(w.ns), client.MatchingLabels{discoveryv1.LabelServiceName: service})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b discoveryv1.EndpointSlice) int { return cmp.Compare(a.Name, b.Name) })
	return list.Items
}

// endpoints are the ready addresses of a Service with their ports, sorted:
// 10.0.1.25:5432.
func (w *world) endpoints(service string) []string {
	w.t.Helper()
	all := []string{}
	for _, s := range w.slices(service) {
		for _, e := range s.Endpoints {
			if e.Conditions.Ready != nil && !*e.Conditions.Ready {
				continue
			}
			for _, p := range s.Ports {
				all = append(all, fmt.Sprintf("%s:%d", e.Addresses[0], *p.Port))
			}
			if len(s.Ports) == 0 {
				all = append(all, e.Addresses[0])
			}
		}
	}
	slices.Sort(all)
	return all
}

// versions are the resource versions of a Service and its slices.
func (w *world) versions(service string) string {
	w.t.Helper()
	s := w.service(service)
	text := "Service " + s.ResourceVersion
	for _, s := range w.slices(service) {
		text += ", " + s.Name + " " + s.ResourceVersion
	}
	return text
}

// eventually waits until try returns nothing; what it returns says what is
// missing.
func (w *world) eventually(what string, try func() string) {
	w.t.Helper()
	var missing string
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if missing = try(); missing == "" {
			return
		}
	}
	w.t.Fatalf("%s: %s", what, missing)
}

// publishes waits until the endpoints of a service are these.
func (w *world) publishes(service string, want ...string) {
	w.t.Helper()
	want = slices.Sorted(slices.Values(want))
	w.eventually("the endpoints of "+service, func() string {
		got := w.endpoints(service)
		if slices.Equal(got, want) {
			return ""
		}
		missing, extra := slices.Clone(want), slices.Clone(got)
		missing = slices.DeleteFunc(missing, func(e string) bool { return slices.Contains(got, e) })
		extra = slices.DeleteFunc(extra, func(e string) bool { return slices.Contains(want, e) })
		return fmt.Sprintf("%d of %d; missing %q, too many %q", len(got), len(want), head(missing), head(extra))
	})
}

func head(all []string) []string { return all[:min(len(all), 5)] }

// says waits until a condition of an ExternalService, of its present generation,
// has a status and a reason, and returns its message.
func (w *world) says(name, condition string, status metav1.ConditionStatus, reason string) string {
	w.t.Helper()
	var message string
	w.eventually(fmt.Sprintf("%s says %s=%s %s", name, condition, status, reason), func() string {
		e := w.external(name)
		c := meta.FindStatusCondition(e.Status.Conditions, condition)
		if c == nil {
			return fmt.Sprintf("it is not there; %+v", e.Status)
		}
		message = c.Message
		if c.Status != status || c.Reason != reason || c.ObservedGeneration != e.Generation {
			return fmt.Sprintf("it says %s %s %q about generation %d of %d", c.Status, c.Reason, c.Message, c.ObservedGeneration, e.Generation)
		}
		return ""
	})
	return message
}

// event waits for an Event about an object.
func (w *world) event(object, reason, note string) {
	w.t.Helper()
	w.eventually("an Event "+reason+" about "+object, func() string {
		var list eventsv1.EventList
		if err := w.k.List(w.t.Context(), &list, client.InNamespace(w.ns)); err != nil {
			return err.Error()
		}
		var all []string
		for _, e := range list.Items {
			if e.Regarding.Name == object && e.Reason == reason && strings.Contains(e.Note, note) {
				return ""
			}
			all = append(all, fmt.Sprintf("%s %s %q", e.Regarding.Name, e.Reason, e.Note))
		}
		return strings.Join(all, "\n")
	})
}

// fixed is the manifest of an ExternalService by addresses.
func fixed(name string, addresses ...string) string {
	return fmt.Sprintf(`apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: %s}
spec:
  ports: [{name: postgres, port: 5432}]
  targets: [{name: db, addresses: [%s]}]
---
`, name, strings.Join(quoted(addresses), ", "))
}

func quoted(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return out
}
