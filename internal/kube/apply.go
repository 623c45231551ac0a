package kube

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/internal/render"
)

// fieldOwner is the one field manager of everything that is written.
const fieldOwner = client.FieldOwner("fairlead")

// writer writes objects. What it creates it creates, rather than applying it, so
// that nothing of somebody else's is ever taken over; what stands it applies.
type writer struct {
	client client.Client
}

// service makes the Service that stands, nil for none, the wanted one.
func (w *writer) service(ctx context.Context, standing, wanted *corev1.Service) error {
	switch {
	case wanted == nil:
		return nil
	case standing == nil:
		return w.client.Create(ctx, wanted.DeepCopy(), fieldOwner)
	case render.MustBridge(standing, wanted):
		bridged, err := w.bridge(ctx, standing)
		if err != nil {
			return err
		}
		standing = bridged
	case render.Repair(standing, wanted) == nil:
		return nil
	}
	s := standing
	if applied, err := w.applied(ctx, standing, wanted); err == nil {
		s = applied.(*corev1.Service)
	} else if !apierrors.IsInvalid(err) { // what others have set may not go with what is wanted
		return err
	}
	if repaired := render.Repair(s, wanted); repaired != nil {
		return w.client.Update(ctx, repaired, fieldOwner)
	}
	return nil
}

// bridge takes a Service's virtual IP away, or the lack of one: the API server
// lets it go by way of ExternalName only. For the moment until the next write the
// name is an alias to one that never exists (RFC 6761 section 6.4).
func (w *writer) bridge(ctx context.Context, standing *corev1.Service) (*corev1.Service, error) {
	s := standing.DeepCopy()
	s.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "fairlead.invalid"}
	err := w.client.Update(ctx, s, fieldOwner)
	return s, err
}

func merged(under, over map[string]string) map[string]string {
	all := make(map[string]string, len(under)+len(over))
	for _, m := range []map[string]string{under, over} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// slice makes an EndpointSlice that stands the wanted one. What applying leaves,
// since it has another owner, an update takes away: a label that somebody has
// added, or a former controller.
func (w *writer) slice(ctx context.Context, standing, wanted *discoveryv1.EndpointSlice) error {
	s := standing
	applied, err := w.applied(ctx, standing, wanted)
	switch {
	case err == nil:
		s = applied.(*discoveryv1.EndpointSlice)
	case !apierrors.IsInvalid(err):
		return err
	}
	_, headless := wanted.Labels[corev1.IsHeadlessService]
	if _, is := s.Labels[corev1.IsHeadlessService]; err == nil && is == headless {
		return nil
	}
	u := s.DeepCopy()
	u.OwnerReferences, u.Ports, u.Endpoints = wanted.OwnerReferences, wanted.Ports, wanted.Endpoints
	delete(u.Labels, corev1.IsHeadlessService)
	u.Labels = merged(u.Labels, wanted.Labels)
	return w.client.Update(ctx, u, fieldOwner)
}

// applied writes wanted by server-side apply, over the object that stands and no
// other of its name, and returns what became of it.
func (w *writer) applied(ctx context.Context, standing, wanted client.Object) (client.Object, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(wanted)
	if err != nil {
		return nil, fmt.Errorf("write %T as fields: %w", wanted, err)
	}
	unstructured.RemoveNestedField(fields, "status")
	unstructured.RemoveNestedField(fields, "metadata", "creationTimestamp")
	if err := unstructured.SetNestedField(fields, string(standing.GetUID()), "metadata", "uid"); err != nil {
		return nil, err
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("write %T as JSON: %w", wanted, err)
	}
	out := standing.DeepCopyObject().(client.Object)
	out.SetManagedFields(nil)
	err = w.client.Patch(ctx, out, client.RawPatch(types.ApplyPatchType, text), fieldOwner, client.ForceOwnership)
	return out, err
}

// ownerOf is the reference by which an object's children are deleted with it.
func ownerOf(object client.Object, kind, apiVersion string) metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{
		APIVersion: apiVersion, Kind: kind, Name: object.GetName(), UID: object.GetUID(),
		Controller: &yes, BlockOwnerDeletion: &yes,
	}
}
