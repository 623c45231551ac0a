//go:build linux

package expectations

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/cluster"
	"fairlead.dev/test/controller"
	"fairlead.dev/test/lab"
)

// patience ends a wait that will never end by itself. Removal by the garbage
// collector may take half a minute in a young cluster, as it looks for new kinds
// that often.
const patience = 90 * time.Second

// outsideDNS is where the outside DNS server of the node tier answers.
const outsideDNS = "10.0.1.53"

// world is one test's namespace with two clients in it: a Pod, and a Pod on the
// node's own network.
type world struct {
	*cluster.Cluster
	t         *testing.T
	namespace string
	fairlead  *controller.Controller // nil in a world without
}

// clients are the Pods that every judge asks from.
func clients() []string { return []string{"client", "node-client"} }

const toolsImage = "fairlead.test/tools:1"

const clientPods = `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: NAMESPACE}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "fairlead.test/tools:1", imagePullPolicy: Never}]
---
apiVersion: v1
kind: Pod
metadata: {name: node-client, namespace: NAMESPACE}
spec:
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "fairlead.test/tools:1", imagePullPolicy: Never}]
`

// newWorld is a world with Fairlead's controller. It stands on the node's
// network, where the outside DNS is.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := newBareWorld(t)
	w.fairlead = program.Start(t, w.Cluster, "--upstream", outsideDNS)
	return w
}

// newBareWorld is one in which nobody writes but the test.
func newBareWorld(t *testing.T) *world {
	t.Helper()
	lab.Skip(t, "curl", "dig")
	w := &world{Cluster: shared.Get(t), t: t, namespace: "expect-" + strings.ToLower(rand.Text()[:6])}
	w.importTools()
	w.apply("{apiVersion: v1, kind: Namespace, metadata: {name: NAMESPACE}}")
	t.Cleanup(func() {
		w.explain()
		if _, err := w.Kubectl(context.Background(), "delete", "namespace", w.namespace, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	w.eventually(func(ctx context.Context) error {
		_, err := w.try(ctx, "get", "serviceaccount", "default")
		return err
	})
	w.apply(clientPods)
	w.kubectl("wait", "--for=condition=Ready", "pod/client", "pod/node-client", "--timeout=60s")
	return w
}

// importTools gives the node the image of real clients.
func (w *world) importTools() {
	w.t.Helper()
	imported.Do(func() {
		img, err := cluster.Tools(toolsImage, "curl", "dig")
		if err == nil {
			err = w.Import(w.t.Context(), img)
		}
		if err != nil {
			w.t.Fatal(err) // and no later test finds the image
		}
	})
}

// explain shows the objects of a test that has failed.
func (w *world) explain() {
	if !w.t.Failed() {
		return
	}
	kinds := "services,endpointslices"
	if w.fairlead != nil {
		kinds += ",externalservices"
	}
	out, err := w.Kubectl(context.Background(), "--namespace="+w.namespace, "get", kinds, "-o", "yaml")
	w.t.Logf("what stands in the namespace (%v):\n%s", err, out)
}

// apply applies manifests, in which NAMESPACE stands for the world's.
func (w *world) apply(manifests string) {
	w.t.Helper()
	if err := w.Apply(w.t.Context(), []byte(strings.ReplaceAll(manifests, "NAMESPACE", w.namespace))); err != nil {
		w.t.Fatal(err)
	}
}

// try is kubectl in the namespace.
func (w *world) try(ctx context.Context, args ...string) (string, error) {
	return w.Kubectl(ctx, append([]string{"--namespace=" + w.namespace}, args...)...)
}

// kubectl is try that must succeed.
func (w *world) kubectl(args ...string) string {
	w.t.Helper()
	out, err := w.try(w.t.Context(), args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// exec runs a command in a Pod and returns its standard output. The error holds
// what it said on standard error.
func (w *world) exec(ctx context.Context, pod string, args ...string) (string, error) {
	return w.try(ctx, append([]string{"exec", pod, "--"}, args...)...)
}

// eventually polls until try succeeds.
func (w *world) eventually(try func(context.Context) error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var missing error
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil || missing == nil { // what was cut off tells nothing
			missing = err
		}
		select {
		case <-w.ended():
			w.t.Fatalf("%v: and the controller has ended", missing)
		case <-ctx.Done():
			w.t.Fatalf("still after %s: %v", patience, missing)
		case <-tick.C:
		}
	}
}

// ended is nil, and so blocks, in a world without Fairlead.
func (w *world) ended() <-chan struct{} {
	if w.fairlead == nil {
		return nil
	}
	return w.fairlead.Done()
}

// external applies an ExternalService of this name and spec, in flow style or
// indented by two.
func (w *world) external(name, spec string) {
	w.t.Helper()
	w.apply(fmt.Sprintf("apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: %s, namespace: NAMESPACE}\nspec: %s\n", name, spec))
}

// clusterIP waits until the Service has a virtual IP and returns it.
func (w *world) clusterIP(service string) string {
	w.t.Helper()
	var ip string
	w.eventually(func(ctx context.Context) error {
		out, err := w.try(ctx, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}")
		if err == nil && (out == "" || out == "None") {
			err = fmt.Errorf("Service %s has no virtual IP", service)
		}
		ip = out
		return err
	})
	return ip
}

// host is the whole name of a Service, as CoreDNS answers it.
func (w *world) host(service string) string {
	return service + "." + w.namespace + ".svc.cluster.local"
}
