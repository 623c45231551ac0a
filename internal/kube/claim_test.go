package kube

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"fairlead.dev/api/v1alpha1"
)

const adoptLine = "kubectl annotate service -n reporting db fairlead.dev/adopt=true"

func controlledBy(apiVersion, kind, name, uid string) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, UID: types.UID(uid), Controller: &yes}}
}

// TestClaim is the table of whose a Service is.
func TestClaim(t *testing.T) {
	owner := controlledBy("fairlead.dev/v1alpha1", "ExternalService", "db", "mine")[0]
	ours := map[string]string{"app.kubernetes.io/managed-by": "fairlead.dev"}
	adopt := func(value string) map[string]string { return map[string]string{v1alpha1.AnnotationAdopt: value} }
	for _, tt := range []struct {
		name     string
		standing *corev1.Service
		free     bool
		fix      string
	}{
		{"there is none", nil, true, ""},
		{"somebody's", &corev1.Service{}, false, adoptLine},
		{"owned", &corev1.Service{ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{owner}}}, true, ""},
		{"made by Fairlead, orphaned", &corev1.Service{ObjectMeta: metav1.ObjectMeta{Labels: ours}}, true, ""},
		{"labelled so by somebody who owns it", &corev1.Service{ObjectMeta: metav1.ObjectMeta{Labels: ours, OwnerReferences: controlledBy("apps/v1", "Deployment", "db", "x")}}, false, "let go of it"},
		{"of an ExternalService of that name that is gone", &corev1.Service{ObjectMeta: metav1.ObjectMeta{OwnerReferences: controlledBy("fairlead.dev/v1alpha1", "ExternalService", "db", "former")}}, true, ""},
		{"of another group's ExternalService", &corev1.Service{ObjectMeta: metav1.ObjectMeta{OwnerReferences: controlledBy("example.com/v1", "ExternalService", "db", "x")}}, false, "let go of it"},
		{"of another operator", &corev1.Service{ObjectMeta: metav1.ObjectMeta{OwnerReferences: controlledBy("example.com/v1", "Database", "db", "x")}}, false, "let go of it"},
		{"with consent", &corev1.Service{ObjectMeta: metav1.ObjectMeta{Annotations: adopt("true")}}, true, ""},
		{"with another word", &corev1.Service{ObjectMeta: metav1.ObjectMeta{Annotations: adopt("yes")}}, false, adoptLine},
		{"with consent, of another operator", &corev1.Service{ObjectMeta: metav1.ObjectMeta{Annotations: adopt("true"), OwnerReferences: controlledBy("example.com/v1", "Database", "db", "x")}}, false, "let go of it"},
		{"made after a copy of ours, with Pods", &corev1.Service{ObjectMeta: metav1.ObjectMeta{Labels: ours}, Spec: corev1.ServiceSpec{Selector: ours}}, false, adoptLine},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.standing != nil {
				tt.standing.Namespace, tt.standing.Name = "reporting", "db"
			}
			fault := claim(tt.standing, owner)
			if (fault == nil) != tt.free {
				t.Fatalf("it says %+v", fault)
			}
			if fault != nil && (!fault.Claimed || !strings.Contains(fault.Message, tt.fix)) {
				t.Errorf("it does not say what to do: %+v", fault)
			}
		})
	}
}
