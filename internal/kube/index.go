package kube

import (
	"cmp"
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// The indexes of the cache. Values are names in the object's namespace, but for
// indexReferences.
const (
	// indexOurs finds the EndpointSlices that Fairlead keeps for a service, also
	// those that somebody has unlabelled.
	indexOurs = "ours"
	// indexService finds every EndpointSlice of a Service.
	indexService = "service"
	// indexReferences finds the ExternalServices that have a Service of the cluster
	// as a target, by NAMESPACE/NAME.
	indexReferences = "references"
)

func addIndexes(ctx context.Context, f client.FieldIndexer) error {
	for _, i := range []struct {
		object client.Object
		name   string
		values client.IndexerFunc
	}{
		{&discoveryv1.EndpointSlice{}, indexOurs, func(o client.Object) []string { return ours(o) }},
		{&discoveryv1.EndpointSlice{}, indexService, func(o client.Object) []string {
			return []string{o.GetLabels()[discoveryv1.LabelServiceName]}
		}},
		{&v1alpha1.ExternalService{}, indexReferences, func(o client.Object) []string {
			var all []string
			for _, k := range references(o.(*v1alpha1.ExternalService)) {
				all = append(all, k.String())
			}
			return all
		}},
	} {
		if err := f.IndexField(ctx, i.object, i.name, i.values); err != nil {
			return err
		}
	}
	return nil
}

// ours returns the names of the services that an EndpointSlice is kept for: the
// one on its label, and the one that owns it. They differ when somebody has
// changed a label.
func ours(slice client.Object) []string {
	var names []string
	labels := slice.GetLabels()
	if labels[discoveryv1.LabelManagedBy] == render.Manager {
		names = append(names, cmp.Or(labels[discoveryv1.LabelServiceName], labels[v1alpha1.LabelService]))
	}
	owner := metav1.GetControllerOf(slice)
	if owner == nil || len(names) > 0 && names[0] == owner.Name {
		return names
	}
	if isExternalService(owner) || owner.Kind == "Service" && owner.APIVersion == "v1" && len(names) > 0 {
		names = append(names, owner.Name)
	}
	return names
}

func isExternalService(o *metav1.OwnerReference) bool {
	return o.Kind == v1alpha1.Kind && strings.HasPrefix(o.APIVersion, v1alpha1.Group+"/")
}

// references are the Services of the cluster that an ExternalService has as
// targets.
func references(e *v1alpha1.ExternalService) []model.Key {
	var all []model.Key
	for i := range e.Spec.Targets {
		if s := e.Spec.Targets[i].Service; s != nil {
			k := model.Key{Namespace: s.Namespace, Name: s.Name}
			if k.Namespace == "" {
				k.Namespace = e.Namespace
			}
			all = append(all, k)
		}
	}
	return all
}

// annotated reports whether a Service asks for its endpoints by an annotation.
func annotated(s *corev1.Service) bool {
	_, is := s.Annotations[v1alpha1.AnnotationHostname]
	return is
}

// kept reports whether the endpoints of an annotated Service are kept: it has no
// others.
func kept(s *corev1.Service) bool {
	return annotated(s) && len(s.Spec.Selector) == 0 && s.Spec.Type != corev1.ServiceTypeExternalName
}
