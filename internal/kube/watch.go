package kube

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// snapshots is where it is seen what is published.
type snapshots interface {
	Snapshot() *model.Snapshot
}

func requestFor(key model.Key) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName(key)}
}

// handle makes requests of what an object was and is: those names say.
func handle[T client.Object](names func(context.Context, T) []model.Key) handler.TypedEventHandler[T, reconcile.Request] {
	add := func(ctx context.Context, q queue, objects ...T) {
		seen := map[model.Key]bool{}
		for _, o := range objects {
			for _, k := range names(ctx, o) {
				if !seen[k] {
					seen[k] = true
					q.Add(requestFor(k))
				}
			}
		}
	}
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[T], q queue) { add(ctx, q, e.Object) },
		UpdateFunc: func(ctx context.Context, e event.TypedUpdateEvent[T], q queue) { add(ctx, q, e.ObjectOld, e.ObjectNew) },
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[T], q queue) { add(ctx, q, e.Object) },
	}
}

func keyOf(o client.Object) model.Key {
	return model.Key{Namespace: o.GetNamespace(), Name: o.GetName()}
}

// itself requests the object.
func itself[T client.Object]() handler.TypedEventHandler[T, reconcile.Request] {
	return handle(func(_ context.Context, o T) []model.Key { return []model.Key{keyOf(o)} })
}

// specChanged leaves out what the status says. One that was replaced while nobody
// watched has the generation of its predecessor; a pin leaves it as it is.
func specChanged() predicate.TypedPredicate[*v1alpha1.ExternalService] {
	return predicate.TypedFuncs[*v1alpha1.ExternalService]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.ExternalService]) bool {
			return e.ObjectOld.Generation != e.ObjectNew.Generation || e.ObjectOld.UID != e.ObjectNew.UID ||
				pinOf(e.ObjectOld) != pinOf(e.ObjectNew)
		},
	}
}

// pinOf is what the annotations say of a pin.
func pinOf(e *v1alpha1.ExternalService) [4]string {
	a := e.Annotations
	return [...]string{a[v1alpha1.AnnotationPin], a[v1alpha1.AnnotationPinnedBy], a[v1alpha1.AnnotationPinReason], a[v1alpha1.AnnotationPinnedAt]}
}

// readService requests an annotated Service, and the ExternalServices that have
// the Service as a target.
func readService(c client.Reader) handler.TypedEventHandler[*corev1.Service, reconcile.Request] {
	return handle(func(ctx context.Context, s *corev1.Service) []model.Key {
		all := referents(ctx, c, keyOf(s))
		if annotated(s) {
			all = append(all, keyOf(s))
		}
		return all
	})
}

// readSlice requests the ExternalServices that have the slice's Service as a
// target.
func readSlice(c client.Reader) handler.TypedEventHandler[*discoveryv1.EndpointSlice, reconcile.Request] {
	return handle(func(ctx context.Context, s *discoveryv1.EndpointSlice) []model.Key {
		return referents(ctx, c, model.Key{Namespace: s.Namespace, Name: s.Labels[discoveryv1.LabelServiceName]})
	})
}

func referents(ctx context.Context, c client.Reader, key model.Key) []model.Key {
	var list v1alpha1.ExternalServiceList
	err := c.List(ctx, &list, client.MatchingFields{indexReferences: key.String()},
		client.DisableReadYourWritesConsistency, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil // the cache is not there yet: what is read later is read whole
	}
	var all []model.Key
	for i := range list.Items {
		all = append(all, keyOf(&list.Items[i]))
	}
	return all
}

// publishService requests a Service that is published, so that drift is healed.
func publishService(latest snapshots) handler.TypedEventHandler[*corev1.Service, reconcile.Request] {
	return handle(func(_ context.Context, s *corev1.Service) []model.Key {
		return published(latest, keyOf(s))
	})
}

// publishSlice requests the services that a slice is kept for, or gives addresses
// to; also a Service that wants none any more, so that its slices go. Where the slice
// has the gateway's Pods these are all that a gateway speaks for.
func publishSlice(latest snapshots, gateway model.Key) handler.TypedEventHandler[*discoveryv1.EndpointSlice, reconcile.Request] {
	return handle(func(_ context.Context, s *discoveryv1.EndpointSlice) []model.Key {
		of := model.Key{Namespace: s.Namespace, Name: s.Labels[discoveryv1.LabelServiceName]}
		all := published(latest, of)
		if of == gateway {
			all = append(all, spokenFor(latest)...)
		}
		for _, name := range ours(s) {
			all = append(all, published(latest, model.Key{Namespace: s.Namespace, Name: name})...)
		}
		if owner := metav1.GetControllerOf(s); owner != nil && owner.Kind == kindService && len(ours(s)) > 0 {
			all = append(all, model.Key{Namespace: s.Namespace, Name: owner.Name})
		}
		return all
	})
}

// spokenFor are the services with a gateway.
func spokenFor(latest snapshots) []model.Key {
	var all []model.Key
	if s := latest.Snapshot(); s != nil {
		for _, p := range s.Services {
			if p.Service.Gateway != nil {
				all = append(all, p.Service.Key)
			}
		}
	}
	return all
}

func published(latest snapshots, key model.Key) []model.Key {
	if latest.Snapshot().Find(key) == nil {
		return nil
	}
	return []model.Key{key}
}
