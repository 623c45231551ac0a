//go:build linux

package kube

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// foreign is a Service that somebody else has made, with a slice of its own.
func foreign(name, annotations string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Service
metadata: {name: %[1]s, labels: {team: storage}, annotations: {team: storage, %[2]s}}
spec: {selector: {app: db}, ports: [{name: postgres, port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-byhand, labels: {kubernetes.io/service-name: %[1]s, endpointslice.kubernetes.io/managed-by: somebody}}
addressType: IPv4
ports: [{name: postgres, port: 5432}]
endpoints: [{addresses: [10.0.1.99]}]
---
`, name, annotations)
}

// TestServiceExists: what Fairlead did not make is left alone until its owner
// consents, and is then taken over as it stands.
func TestServiceExists(t *testing.T) {
	w, _ := start(t)
	w.apply(foreign("db", ""))
	before, made := w.versions("db"), w.service("db")
	w.apply(fixed("db", "10.0.1.25"))
	message := w.says("db", "Accepted", metav1.ConditionFalse, "ServiceExists")
	if line := "kubectl annotate service -n " + w.ns + " db fairlead.dev/adopt=true"; !strings.Contains(message, line) {
		t.Errorf("it does not say %q: %s", line, message)
	}
	wants(t, w.says("db", "Ready", metav1.ConditionFalse, "ServiceExists"), message)
	w.event("db", "ServiceExists", message)
	w.patch("db", readdress("10.0.1.26"))
	w.says("db", "Accepted", metav1.ConditionFalse, "ServiceExists")
	w.settle()
	wants(t, w.versions("db"), before)

	w.kubectl("annotate", "service", "db", "fairlead.dev/adopt=true")
	w.says("db", "Accepted", metav1.ConditionTrue, "Accepted")
	message = w.says("db", "Programmed", metav1.ConditionFalse, "OtherEndpoints")
	if !strings.Contains(message, "EndpointSlice db-byhand") {
		t.Errorf("it does not name the slice: %s", message)
	}
	w.publishes("db", "10.0.1.26:5432", "10.0.1.99:5432")
	w.kubectl("delete", "endpointslice", "db-byhand")
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	w.publishes("db", "10.0.1.26:5432")
	w.adopted("db", string(made.UID), made.Spec.ClusterIP)
}

// adopted checks a Service that was taken over.
func (w *world) adopted(name, uid, clusterIP string) {
	w.t.Helper()
	s, owner := w.service(name), w.external(name)
	if string(s.UID) != uid || s.Spec.ClusterIP != clusterIP {
		w.t.Errorf("it was made anew: %s %s instead of %s %s", s.UID, s.Spec.ClusterIP, uid, clusterIP)
	}
	if by := metav1.GetControllerOf(s); by == nil || by.UID != owner.UID {
		w.t.Errorf("its owners are %v", s.OwnerReferences)
	}
	if len(s.Spec.Selector) > 0 || s.Labels["team"] != "storage" || s.Annotations["team"] != "storage" {
		w.t.Errorf("it has the selector %v, the labels %v and the annotations %v", s.Spec.Selector, s.Labels, s.Annotations)
	}
}

// settle waits until a service that was written now is carried out: what came
// before it has been looked at.
func (w *world) settle() {
	w.t.Helper()
	name := fmt.Sprintf("settle-%d", len(w.settled))
	w.settled = append(w.settled, name)
	w.apply(fixed(name, "10.0.1.200"))
	w.says(name, "Programmed", metav1.ConditionTrue, "Programmed")
}

// TestConsentBefore: a Service may be annotated before there is an
// ExternalService, and has Endpoints, which Kubernetes mirrors.
func TestConsentBefore(t *testing.T) {
	w, _ := start(t)
	w.apply(`apiVersion: v1
kind: Service
metadata: {name: db, labels: {team: storage}, annotations: {team: storage, fairlead.dev/adopt: "true"}}
spec: {ports: [{name: postgres, port: 5432}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: db}
subsets: [{addresses: [{ip: 10.0.1.99}], ports: [{name: postgres, port: 5432}]}]
`)
	w.publishes("db", "10.0.1.99:5432")
	made := w.service("db")
	w.apply(fixed("db", "10.0.1.25"))
	w.says("db", "Accepted", metav1.ConditionTrue, "Accepted")
	message := w.says("db", "Programmed", metav1.ConditionFalse, "OtherEndpoints")
	if !strings.Contains(message, "Endpoints db also give") || !strings.Contains(message, "delete them") {
		t.Errorf("it does not say what to delete: %s", message)
	}
	w.event("db", "OtherEndpoints", "Endpoints db")
	w.kubectl("delete", "endpoints", "db")
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	w.publishes("db", "10.0.1.25:5432")
	w.adopted("db", string(made.UID), made.Spec.ClusterIP)
}

// TestSliceNameTaken: a slice of somebody else that has the name which Fairlead
// would give is left alone.
func TestSliceNameTaken(t *testing.T) {
	w, _ := start(t)
	w.apply(`apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-ipv4-1, labels: {kubernetes.io/service-name: other, endpointslice.kubernetes.io/managed-by: somebody}}
addressType: IPv4
ports: [{name: postgres, port: 5432}]
endpoints: [{addresses: [10.0.1.99]}]
`)
	before := w.slices("other")[0].ResourceVersion
	w.apply(fixed("db", "10.0.1.25"))
	w.publishes("db", "10.0.1.25:5432")
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	w.patch("db", readdress("10.0.1.26", "fd00::26"))
	w.publishes("db", "10.0.1.26:5432", "fd00::26:5432")
	var names []string
	for _, s := range w.slices("db") {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, []string{"db-ipv4-2", "db-ipv6-1"}) {
		t.Errorf("its slices are %v", names)
	}
	wants(t, w.slices("other")[0].ResourceVersion, before)
}

// TestSameNameAsAnnotated: an annotated Service keeps its endpoints when an
// ExternalService of its name appears, until its owner consents.
func TestSameNameAsAnnotated(t *testing.T) {
	w, _ := start(t)
	w.apply(annotatedService("db", "10-0-1-25.example.com", "team: storage", ""))
	w.publishes("db", "10.0.1.25:5432")
	before, made := w.versions("db"), w.service("db")
	w.apply(fixed("db", "10.0.1.26"))
	w.says("db", "Accepted", metav1.ConditionFalse, "ServiceExists")
	w.settle()
	wants(t, w.versions("db"), before)

	film := w.film()
	w.kubectl("annotate", "service", "db", "fairlead.dev/adopt=true")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	w.publishes("db", "10.0.1.26:5432")
	w.adopted("db", string(made.UID), made.Spec.ClusterIP)
	film.noGap("db", []string{"10.0.1.25"}, []string{"10.0.1.26"})
	w.kubectl("delete", "xsvc", "db", "--cascade=orphan")
	w.publishes("db", "10.0.1.25:5432")
}
