//go:build linux

package kube

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
)

// TestLifecycle: what is written comes to stand, follows edits and goes.
func TestLifecycle(t *testing.T) {
	w, _ := start(t)
	w.apply(fixed("db", "10.0.1.25", "10.0.1.26"))
	w.publishes("db", "10.0.1.25:5432", "10.0.1.26:5432")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	w.says("db", "Accepted", metav1.ConditionTrue, "Accepted")
	w.event("db", "EndpointsReady", "2 of 2")

	s := w.service("db")
	if s.Spec.Selector != nil || len(s.Spec.Ports) != 1 || s.Spec.Ports[0].Port != 5432 || s.Spec.ClusterIP == "" {
		t.Errorf("the Service is %+v", s.Spec)
	}
	e := w.external("db")
	for _, o := range []metav1.Object{s, &w.slices("db")[0]} {
		if owner := metav1.GetControllerOf(o); owner == nil || owner.UID != e.UID {
			t.Errorf("%s is owned by %v", o.GetName(), o.GetOwnerReferences())
		}
	}
	if label := w.slices("db")[0].Labels[discoveryv1.LabelManagedBy]; label != "fairlead.dev" {
		t.Errorf("its slice is managed by %q", label)
	}
	if st := e.Status; st.Endpoints != "2/2" || st.Active == nil || st.Active.Summary != "db" || len(st.Targets) != 1 || len(st.Targets[0].Addresses) != 2 {
		t.Errorf("the status is %+v", st)
	}
	table := w.kubectl("get", "xsvc", "db")
	if want := "ClusterIP   db       True    2/2"; !strings.Contains(table, want) {
		t.Errorf("kubectl get prints\n%s", table)
	}

	ip := s.Spec.ClusterIP
	w.patch("db", `{"spec": {"ports": [{"name": "postgres", "port": 5433, "targetPort": 6432}], "targets": [{"name": "db", "addresses": ["10.0.1.27"]}]}}`)
	w.publishes("db", "10.0.1.27:6432")
	w.eventually("the Service's port", func() string {
		if s := w.service("db"); len(s.Spec.Ports) != 1 || s.Spec.Ports[0].Port != 5433 || s.Spec.ClusterIP != ip {
			return fmt.Sprintf("%+v", s.Spec)
		}
		return ""
	})

	w.kubectl("delete", "xsvc", "db")
	w.eventually("nothing is left", func() string {
		if s := w.service("db"); s != nil {
			return "the Service"
		}
		if all := w.slices("db"); len(all) > 0 {
			return fmt.Sprint(len(all), " slices")
		}
		return ""
	})
}

// TestOrphans: what an ExternalService leaves when it is deleted alone is taken
// up by the next one of its name, as it stands.
func TestOrphans(t *testing.T) {
	w, _ := start(t)
	w.apply(fixed("db", "10.0.1.25"))
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	before := w.service("db")
	w.kubectl("delete", "xsvc", "db", "--cascade=orphan")
	w.eventually("it is nobody's", func() string { return orphaned(w) })
	w.apply(fixed("db", "10.0.1.26"))
	w.publishes("db", "10.0.1.26:5432")
	w.says("db", "Accepted", metav1.ConditionTrue, "Accepted")
	if after := w.service("db"); after.UID != before.UID || after.Spec.ClusterIP != before.Spec.ClusterIP {
		t.Error("its Service was made anew")
	}
}

func orphaned(w *world) string {
	s := w.service("db")
	if s == nil {
		w.t.Fatal("it is gone")
	}
	if len(s.OwnerReferences) > 0 {
		return fmt.Sprint(s.OwnerReferences)
	}
	return ""
}

// TestOrphansAreLetGo: nobody gives them their owner back while it goes, or they
// would go with it.
func TestOrphansAreLetGo(t *testing.T) {
	w, _ := start(t)
	var manifests strings.Builder
	for n := range 40 {
		manifests.WriteString(fixed(fmt.Sprintf("db-%d", n), "10.0.1.25"))
	}
	w.apply(manifests.String())
	for n := range 40 {
		w.says(fmt.Sprintf("db-%d", n), "Ready", metav1.ConditionTrue, "EndpointsReady")
	}
	w.kubectl("delete", "xsvc", "--all", "--cascade=orphan")
	w.settle()
	w.kubectl("delete", "xsvc", "--all") // after which nothing of the others waits to be collected
	w.none(w.settled[0])
	for n := range 40 {
		name := fmt.Sprintf("db-%d", n)
		s, all := w.service(name), w.slices(name)
		if s == nil || len(all) != 1 {
			t.Fatalf("%s has gone, or its slices: %d", name, len(all))
		}
		if len(s.OwnerReferences)+len(all[0].OwnerReferences) > 0 {
			t.Errorf("%s is owned by %v, its slice by %v", name, s.OwnerReferences, all[0].OwnerReferences)
		}
	}
}

// TestTypes switches from each type to each other, on an object that is alive.
func TestTypes(t *testing.T) {
	w, _ := start(t)
	w.apply(`apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db}
spec:
  ports: [{name: postgres, port: 5432}]
  targets:
  - {name: name, hostname: db.invalid}
  - {name: db, addresses: [10.0.1.25, "fd00::25"]}
`)
	order := []v1alpha1.ServiceType{"ClusterIP", "Headless", "ExternalName", "ClusterIP", "ExternalName", "Headless", "ClusterIP"}
	for _, kind := range order {
		t.Run(string(kind), func(t *testing.T) {
			w.t = t
			w.patch("db", fmt.Sprintf(`{"spec": {"type": %q}}`, kind))
			w.eventually("the Service is "+string(kind), func() string { return w.unlike("db", kind) })
			w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
		})
	}
}

// unlike says what of a Service and its slices is not as the type wants it.
func (w *world) unlike(name string, kind v1alpha1.ServiceType) string {
	s := w.service(name)
	if s == nil {
		return "there is no Service"
	}
	all := w.slices(name)
	_, headless := first(all).Labels[corev1.IsHeadlessService]
	hostnames := slices.ContainsFunc(first(all).Endpoints, func(e discoveryv1.Endpoint) bool { return e.Hostname != nil && *e.Hostname == "db" })
	got := fmt.Sprintf("type %s, ClusterIP %q, externalName %q, %d slices, headless %v, hostnames %v", s.Spec.Type, s.Spec.ClusterIP, s.Spec.ExternalName, len(all), headless, hostnames)
	right := false
	switch kind {
	case v1alpha1.ServiceTypeClusterIP:
		right = s.Spec.Type == corev1.ServiceTypeClusterIP && s.Spec.ClusterIP != "None" && len(s.Spec.ClusterIPs) == 2 && len(all) == 2 && !headless && !hostnames
	case v1alpha1.ServiceTypeHeadless:
		right = s.Spec.Type == corev1.ServiceTypeClusterIP && s.Spec.ClusterIP == "None" && len(all) == 2 && headless && hostnames
	case v1alpha1.ServiceTypeExternalName:
		right = s.Spec.Type == corev1.ServiceTypeExternalName && s.Spec.ExternalName == "db.invalid" && s.Spec.ClusterIP == "" && len(all) == 0
	}
	if right {
		return ""
	}
	return got
}

func first(all []discoveryv1.EndpointSlice) discoveryv1.EndpointSlice {
	if len(all) == 0 {
		return discoveryv1.EndpointSlice{}
	}
	return all[0]
}
