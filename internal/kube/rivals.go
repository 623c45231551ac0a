package kube

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// The managers of EndpointSlices that Kubernetes itself has.
const (
	sliceController  = "endpointslice-controller.k8s.io"
	mirrorController = "endpointslicemirroring-controller.k8s.io"
)

// rivals tells of EndpointSlices of the same Service that Fairlead does not keep:
// clients reach what is in them, too. Those that the controller of Kubernetes has
// made for a selector are nobody's once the Service has none: they are deleted.
func (p *publisher) rivals(ctx context.Context, published *model.Published) (*model.Fault, error) {
	key := published.Service.Key
	if published.Service.Type == model.ExternalName {
		return nil, nil
	}
	all, err := listSlices(ctx, p.client, key, indexService)
	if err != nil {
		return nil, err
	}
	var others []string
	for _, s := range all {
		switch s.Labels[discoveryv1.LabelManagedBy] {
		case render.Manager:
		case sliceController:
			if err := p.removeAbandoned(ctx, key, s); err != nil {
				return nil, err
			}
		case mirrorController:
			others = append(others, "Endpoints "+key.Name)
		default:
			others = append(others, "EndpointSlice "+s.Name)
		}
	}
	if len(others) == 0 {
		return nil, nil
	}
	return &model.Fault{
		Key: key, Reason: v1alpha1.ReasonOtherEndpoints, Partial: true,
		Message: fmt.Sprintf("%s also give Service %s addresses, which Fairlead does not keep, and clients reach them: delete them", strings.Join(compact(others), " and "), key.Name),
	}, nil
}

// removeAbandoned deletes a slice of the controller of Kubernetes, unless the
// Service has a selector.
func (p *publisher) removeAbandoned(ctx context.Context, key model.Key, s *discoveryv1.EndpointSlice) error {
	service, err := find(ctx, p.client, key, new(corev1.Service))
	if err != nil || service == nil || len(service.Spec.Selector) > 0 {
		return err
	}
	err = p.client.Delete(ctx, s.DeepCopy(), client.Preconditions{UID: &s.UID})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete EndpointSlice %s/%s, which its Service's selector has left: %w", s.Namespace, s.Name, err)
	}
	return nil
}

// compact drops repetitions, which stand side by side or not.
func compact(words []string) []string {
	seen := map[string]bool{}
	var all []string
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			all = append(all, w)
		}
	}
	return all
}
