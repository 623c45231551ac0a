package kube

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errLetGo says that the owner of objects goes and leaves them behind.
var errLetGo = errors.New("its owner lets go of it")

// mayOwn returns errLetGo if an object lacks its owner since that one is gone or
// going: `kubectl delete --cascade=orphan`. Who gives it back deletes the object,
// as the garbage collector then finds an owner that is gone.
//
// The cache may be behind, so the API server itself is asked: what has taken the
// owner away came after its deletion.
func (w *writing) mayOwn(ctx context.Context, standing client.Object) error {
	owner := w.input.Owner
	for _, o := range standing.GetOwnerReferences() {
		if o.UID == owner.UID {
			return nil
		}
	}
	list := new(metav1.PartialObjectMetadataList)
	list.SetGroupVersionKind(schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind+"List"))
	err := w.live.List(ctx, list, client.InNamespace(w.key.Namespace), client.MatchingFields{"metadata.name": owner.Name})
	if err != nil {
		return fmt.Errorf("read %s %s, which is to own %s: %w", owner.Kind, w.key, standing.GetName(), err)
	}
	for i := range list.Items {
		if o := &list.Items[i]; o.UID == owner.UID && o.DeletionTimestamp == nil {
			return nil
		}
	}
	return errLetGo
}
