//go:build linux

package expectations

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// inner applies a Service of the cluster with these EndpointSlices, each its
// ports and endpoints. It stands for one with a selector: the test is what
// writes the slices of its Pods.
func (w *world) inner(ports string, slices ...[2]string) {
	w.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: Service\nmetadata: {name: inner, namespace: NAMESPACE}\nspec: {ports: [%s]}\n", ports)
	for i, s := range slices {
		fmt.Fprintf(&b, `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: inner-%d, namespace: NAMESPACE, labels: {kubernetes.io/service-name: inner}}
addressType: IPv4
ports: [%s]
endpoints: [%s]
`, i, s[0], s[1])
	}
	w.apply(b.String())
}

// inside applies an ExternalService whose target is the inner Service.
func (w *world) inside(ports string) {
	w.t.Helper()
	w.external("web", fmt.Sprintf(`{ports: [%s], targets: [{name: moved, service: {name: inner}}]}`, ports))
}

const twoPorts = "{name: port80, port: 80}, {name: port81, port: 81}"

// EndpointSlice "should support a Service with multiple ports specified in
// multiple EndpointSlices": one address, and each port in a slice of its own.
func TestOneAddressInSeveralSlices(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8090, 9090)
	w.inner(twoPorts,
		[2]string{"{name: port80, port: 8090}", "{addresses: [10.0.1.25]}"},
		[2]string{"{name: port81, port: 9090}", "{addresses: [10.0.1.25]}"})
	w.inside(twoPorts)
	w.tcp("web", 80, "10.0.1.25:8090")
	w.tcp("web", 81, "10.0.1.25:9090")
}

// EndpointSlice "should support a Service with multiple endpoint IPs specified
// in multiple EndpointSlices", and Services "should serve multiport endpoints
// from pods": each port leads to an address of its own, and one by one they go.
func TestEachPortHasItsAddress(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(100)
	w.site("10.0.1.26").web(101)
	first := [2]string{"{name: port80, port: 100}", "{addresses: [10.0.1.25]}"}
	second := [2]string{"{name: port81, port: 101}", "{addresses: [10.0.1.26]}"}
	w.inner(twoPorts)
	w.inside(twoPorts)
	ip := w.clusterIP("web")
	w.publishes("web")
	w.inner(twoPorts, first)
	w.publishes("web", "10.0.1.25 port80=100/TCP")
	w.inner(twoPorts, first, second)
	w.publishes("web", "10.0.1.25 port80=100/TCP", "10.0.1.26 port81=101/TCP")
	w.tcp("web", 80, "10.0.1.25:100")
	w.tcp("web", 81, "10.0.1.26:101")
	w.kubectl("delete", "endpointslice", "inner-0")
	w.publishes("web", "10.0.1.26 port81=101/TCP")
	w.refuses("TCP", ip, 80)
	w.tcp("web", 81, "10.0.1.26:101")
	w.kubectl("delete", "endpointslice", "inner-1")
	w.publishes("web")
	w.refuses("TCP", ip, 81)
	w.keeps("web", ip)
}

// Services "should create endpoints for unready pods", of which it is what the
// slices show, and "should not be able to connect to terminating and unready
// endpoints if PublishNotReadyAddresses is false": what is not ready in the
// cluster is not reached, and is again once it is.
func TestUnreadyEndpoints(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.site("10.0.1.26").web(8080)
	const port = "{name: http, port: 80}"
	conditions := func(first, second string) {
		w.inner(port, [2]string{
			"{name: http, port: 8080}",
			fmt.Sprintf("{addresses: [10.0.1.25], conditions: {%s}}, {addresses: [10.0.1.26], conditions: {%s}}", first, second),
		})
	}
	const ready = "ready: true, serving: true, terminating: false"
	const unready = "ready: false, serving: false, terminating: false"
	const terminating = "ready: false, serving: false, terminating: true"

	conditions(ready, ready)
	w.inside(port)
	ip := w.clusterIP("web")
	w.tcp("web", 80, "10.0.1.25:8080", "10.0.1.26:8080")
	conditions(unready, ready)
	w.tcp("web", 80, "10.0.1.26:8080")
	conditions(unready, terminating)
	w.refuses("TCP", ip, 80)
	conditions(ready, terminating)
	w.tcp("web", 80, "10.0.1.25:8080")
	conditions(ready, ready)
	w.tcp("web", 80, "10.0.1.25:8080", "10.0.1.26:8080")
	w.keeps("web", ip)
}

// Services "should allow pods to hairpin back to themselves through services": a
// Pod behind a target is its own client. On the way kube-proxy translates the
// address of what it knows to be on its node, which it learns from the slices of
// the inner Service: those of Fairlead name no node.
func TestAPodReachesItself(t *testing.T) {
	w := newWorld(t)
	w.apply(`
apiVersion: v1
kind: Pod
metadata: {name: hairpin, namespace: NAMESPACE}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: ` + toolsImage + `
    imagePullPolicy: Never
    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    command: [sh, -c, "mkdir /tmp/www; echo $IP:8080 >/tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www"]
`)
	w.kubectl("wait", "--for=condition=Ready", "pod/hairpin", "--timeout=60s")
	own := w.kubectl("get", "pod", "hairpin", "-o", "jsonpath={.status.podIP}")
	w.inner("{name: http, port: 80}", [2]string{"{name: http, port: 8080}", "{addresses: [" + own + "], nodeName: node, conditions: {ready: true}}"})
	w.inside("{name: http, port: 80}")
	for _, service := range []string{"inner", "web"} {
		w.tcp(service, 80, own+":8080")
		w.eventually(func(ctx context.Context) error {
			_, err := w.ask(ctx, "hairpin", "TCP", w.host(service), 80, 1)
			return err
		})
	}
}
