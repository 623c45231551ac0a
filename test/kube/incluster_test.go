//go:build linux

package kube

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// inside is a Service of the cluster whose Pods listen on 6432, a slice of each
// state: ready and not.
func inside(name, ready, notReady string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec: {ports: [{name: pg, port: 5432, targetPort: 6432}, {name: metrics, port: 9187}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-pods, labels: {kubernetes.io/service-name: %[1]s, endpointslice.kubernetes.io/managed-by: somebody}}
addressType: IPv4
ports: [{name: pg, port: 6432}, {name: metrics, port: 9187}]
endpoints:
- {addresses: [%[2]s], conditions: {ready: true}}
- {addresses: [%[3]s], conditions: {ready: false}}
---
`, name, ready, notReady)
}

// into is the manifest of an ExternalService that has moved into the cluster.
func into(name, reference string, port int) string {
	return fmt.Sprintf(`apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: %s}
spec:
  ports: [{name: postgres, port: 5433, targetPort: %d}]
  targets: [{name: db, service: {%s}}]
---
`, name, port, reference)
}

// TestServiceTarget: a database moves into the cluster, and its Pods are followed.
func TestServiceTarget(t *testing.T) {
	w, _ := start(t)
	w.apply(fixed("db", "10.0.1.25"))
	w.publishes("db", "10.0.1.25:5432")
	w.apply(inside("postgres", "10.244.0.5", "10.244.0.6") + into("db", "name: postgres", 5432))
	w.publishes("db", "10.244.0.5:6432")
	w.says("db", "Resolved", metav1.ConditionTrue, "InCluster")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")

	slice := func(patch string) {
		t.Helper()
		w.kubectl("patch", "endpointslice", "postgres-pods", "--type", "json", "-p", patch)
	}
	slice(`[{"op": "replace", "path": "/endpoints/1/conditions/ready", "value": true}]`)
	w.publishes("db", "10.244.0.5:6432", "10.244.0.6:6432")
	slice(`[{"op": "remove", "path": "/endpoints/0"}]`)
	w.publishes("db", "10.244.0.6:6432")
	slice(`[{"op": "replace", "path": "/ports/0/port", "value": 7432}]`)
	w.publishes("db", "10.244.0.6:7432")
	slice(`[{"op": "replace", "path": "/endpoints/0/conditions/ready", "value": false}]`)
	w.publishes("db")
	w.says("db", "Ready", metav1.ConditionFalse, "NoReadyEndpoints")
	w.kubectl("delete", "service", "postgres")
	w.says("db", "Ready", metav1.ConditionFalse, "ServiceNotFound")
	w.apply(inside("postgres", "10.244.0.7", "10.244.0.8"))
	w.publishes("db", "10.244.0.7:6432")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
}

// TestConsent: a Service of another namespace is followed for as long as it
// consents.
func TestConsent(t *testing.T) {
	w, _ := start(t)
	there := newWorld(t, w.c)
	there.apply(inside("postgres", "10.244.0.5", "10.244.0.6"))
	w.apply(into("db", "name: postgres, namespace: "+there.ns, 5432))
	message := w.says("db", "Accepted", metav1.ConditionFalse, "NotPermitted")
	if line := "kubectl annotate service -n " + there.ns + " postgres fairlead.dev/allow-from=" + w.ns; !strings.Contains(message, line) {
		t.Errorf("it does not say %q: %s", line, message)
	}
	wants(t, w.says("db", "Ready", metav1.ConditionFalse, "NotPermitted"), message)
	w.event("db", "NotPermitted", message)
	w.publishes("db")

	there.kubectl("annotate", "service", "postgres", "fairlead.dev/allow-from=other, "+w.ns)
	w.publishes("db", "10.244.0.5:6432")
	w.says("db", "Accepted", metav1.ConditionTrue, "Accepted")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")

	there.kubectl("annotate", "--overwrite", "service", "postgres", "fairlead.dev/allow-from=other")
	w.publishes("db")
	message = w.says("db", "Ready", metav1.ConditionFalse, "NotPermitted")
	if strings.Contains(message, "other") {
		t.Errorf("it tells whom the Service allows: %s", message)
	}
}

// TestServiceTargetsRefused: each with its reason, and without harm to the target
// beside it.
func TestServiceTargetsRefused(t *testing.T) {
	w, _ := start(t)
	w.apply(inside("postgres", "10.244.0.5", "10.244.0.6") + fixed("made", "10.0.1.25"))
	w.says("made", "Ready", metav1.ConditionTrue, "EndpointsReady")
	for _, tt := range []struct {
		name, service string
		port          int
		reason, words string
	}{
		{"missing", "none", 5432, "ServiceNotFound", "create it, or write another target"},
		{"port", "postgres", 1234, "PortMissing", "it has pg 5432/TCP, metrics 9187/TCP; write targetPort: 5432 or 9187"},
		{"chain", "made", 5432, "PointsToItself", "point at its targets instead"},
		{"self", "self", 5432, "PointsToItself", "write the place where it really lives"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			w.apply(into(tt.name, "name: "+tt.service, tt.port))
			message := w.says(tt.name, "Ready", metav1.ConditionFalse, tt.reason)
			if !strings.Contains(message, tt.words) {
				t.Errorf("it does not say %q: %s", tt.words, message)
			}
			w.event(tt.name, tt.reason, tt.words)
			w.publishes(tt.name)
			w.patch(tt.name, fmt.Sprintf(`{"spec": {"targets": [{"name": "db", "service": {"name": %q}}, {"name": "beside", "addresses": ["10.0.1.26"]}]}}`, tt.service))
			w.publishes(tt.name, fmt.Sprintf("10.0.1.26:%d", tt.port))
			w.says(tt.name, "Resolved", metav1.ConditionFalse, tt.reason)
			w.says(tt.name, "Ready", metav1.ConditionTrue, "EndpointsReady")
		})
	}
}
