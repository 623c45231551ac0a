package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// claim returns why an ExternalService may not write the Service of its name, or
// nil. It may where there is none, where it owns it, where an ExternalService
// that is gone has left it, and where its owner has consented.
func claim(standing *corev1.Service, owner metav1.OwnerReference) *model.Fault {
	if standing == nil {
		return nil
	}
	key := model.Key{Namespace: standing.Namespace, Name: standing.Name}
	fault := &model.Fault{Key: key, Claimed: true, Reason: v1alpha1.ReasonServiceExists}
	by := metav1.GetControllerOf(standing)
	orphaned := by == nil && standing.Labels[managedBy] == render.Manager && len(standing.Spec.Selector) == 0
	switch {
	case by != nil && (by.UID == owner.UID || isExternalService(by) && by.Name == owner.Name):
		return nil // if it has another UID, that one is gone, and the name is this one's
	case by != nil: // the two would write over each other for ever
		fault.Message = fmt.Sprintf("Service %s exists and %s %s keeps it: give the ExternalService another name, or have that one let go of it", key, by.Kind, by.Name)
		return fault
	case orphaned, standing.Annotations[v1alpha1.AnnotationAdopt] == "true":
		return nil
	}
	fault.Message = fmt.Sprintf("Service %s exists and Fairlead did not make it: delete it, give the ExternalService another name, or have it taken over with "+
		"`kubectl annotate service -n %s %s %s=true`", key, key.Namespace, key.Name, v1alpha1.AnnotationAdopt)
	return fault
}

// managedBy is the label of the Services that Fairlead has made.
const managedBy = "app.kubernetes.io/managed-by"
