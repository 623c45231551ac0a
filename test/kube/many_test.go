//go:build linux

package kube

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
)

const many = 300

// policy is somebody's admission policy that refuses objects of one name.
const policy = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %[1]s}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [%[2]q], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [%[3]s]}]
  validations: [{expression: "!object.metadata.name.startsWith('%[1]s')", message: "%[1]s is on the list"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %[1]s}
spec: {policyName: %[1]s, validationActions: [Deny]}
---
`

// TestMany: hundreds come, change and go in one go, and two that the API server
// refuses hold nobody up.
func TestMany(t *testing.T) {
	w, _ := start(t)
	w.refuse()
	w.apply(fixed("no-service", "10.0.1.25") + fixed("no-slice", "10.0.1.25"))
	w.each(func(name string, n int) error {
		return w.k.Create(t.Context(), &v1alpha1.ExternalService{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name},
			Spec: v1alpha1.ExternalServiceSpec{
				Ports:   []v1alpha1.Port{{Name: "postgres", Port: 5432}},
				Targets: []v1alpha1.Target{{Name: "db", Addresses: []string{address(2, n)}}},
			},
		})
	})
	w.allPublish(2)
	for _, tt := range []struct{ name, what string }{{"no-service", "Service"}, {"no-slice", "EndpointSlices"}} {
		message := w.says(tt.name, "Programmed", metav1.ConditionFalse, "WriteRefused")
		if !strings.Contains(message, "refuses its "+tt.what) || !strings.Contains(message, tt.name+" is on the list") {
			t.Errorf("it does not say why: %s", message)
		}
		w.event(tt.name, "WriteRefused", "is on the list")
	}

	w.each(func(name string, n int) error {
		e := &v1alpha1.ExternalService{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name}}
		return w.k.Patch(t.Context(), e, client.RawPatch(types.MergePatchType, []byte(readdress(address(3, n)))))
	})
	w.allPublish(3)

	w.kubectl("delete", "validatingadmissionpolicybinding", "no-service", "no-slice")
	for _, name := range []string{"no-service", "no-slice"} {
		w.publishes(name, "10.0.1.25:5432")
		w.says(name, "Programmed", metav1.ConditionTrue, "Programmed")
	}

	if err := w.k.DeleteAllOf(t.Context(), &v1alpha1.ExternalService{}, client.InNamespace(w.ns)); err != nil {
		t.Fatal(err)
	}
	w.eventually("nothing is left", func() string {
		var services corev1.ServiceList
		var slices discoveryv1.EndpointSliceList
		for _, list := range []client.ObjectList{&services, &slices} {
			if err := w.k.List(t.Context(), list, client.InNamespace(w.ns)); err != nil {
				return err.Error()
			}
		}
		if len(services.Items)+len(slices.Items) > 0 {
			return fmt.Sprint(len(services.Items), " Services, ", len(slices.Items), " slices")
		}
		return ""
	})
}

// refuse puts policies up and waits until they hold.
func (w *world) refuse() {
	w.t.Helper()
	w.t.Cleanup(func() {
		if _, err := w.c.Kubectl(context.Background(), "delete", "--ignore-not-found", "validatingadmissionpolicybinding,validatingadmissionpolicy", "no-service", "no-slice"); err != nil {
			w.t.Error(err)
		}
	})
	w.apply(fmt.Sprintf(policy, "no-service", "", "services") + fmt.Sprintf(policy, "no-slice", "discovery.k8s.io", "endpointslices"))
	dry := func(object client.Object) error { return w.k.Create(w.t.Context(), object, client.DryRunAll) }
	w.eventually("the policies hold", func() string {
		s := dry(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "no-service"}, Spec: corev1.ServiceSpec{ClusterIP: "None"}})
		e := dry(&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "no-slice"}, AddressType: "IPv4", Endpoints: []discoveryv1.Endpoint{}})
		for _, err := range []error{s, e} {
			if err == nil || !strings.Contains(err.Error(), "is on the list") {
				return fmt.Sprint(err)
			}
		}
		return ""
	})
}

// each does something with every service's name, several at a time.
func (w *world) each(do func(name string, n int) error) {
	w.t.Helper()
	var workers sync.WaitGroup
	for worker := range 10 {
		workers.Go(func() {
			for n := worker; n < many; n += 10 {
				if err := do(fmt.Sprintf("db-%d", n), n); err != nil {
					w.t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	if w.t.Failed() {
		w.t.FailNow()
	}
}

func address(round, n int) string { return fmt.Sprintf("10.%d.%d.%d", round, n/250, n%250+1) }

// allPublish waits until every service publishes its address and says so.
func (w *world) allPublish(round int) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("all of round %d are published", round), func() string {
		var list discoveryv1.EndpointSliceList
		if err := w.k.List(w.t.Context(), &list, client.InNamespace(w.ns)); err != nil {
			return err.Error()
		}
		have := map[string]string{}
		for _, s := range list.Items {
			for _, e := range s.Endpoints {
				have[s.Labels[discoveryv1.LabelServiceName]] += e.Addresses[0]
			}
		}
		for n := range many {
			name := fmt.Sprintf("db-%d", n)
			if have[name] != address(round, n) {
				return fmt.Sprintf("%s has %q", name, have[name])
			}
		}
		return ""
	})
	for n := range many {
		w.says(fmt.Sprintf("db-%d", n), "Programmed", metav1.ConditionTrue, "Programmed")
	}
}
