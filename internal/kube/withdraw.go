package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/internal/model"
)

// withdraw deletes the slices of a Service whose annotation has gone. Those of an
// ExternalService go with it.
func (p *publisher) withdraw(ctx context.Context, key model.Key) error {
	all, err := p.slices.ours(ctx, key)
	if err != nil {
		return err
	}
	for _, s := range all {
		owner := metav1.GetControllerOf(s)
		if owner == nil || owner.Kind != kindService {
			continue
		}
		service, err := find(ctx, p.client, key, new(corev1.Service))
		if err != nil || service == nil || kept(service) {
			return err // it goes with its Service, or is about to be published
		}
		p.slices.wrote(key, s.Name)
		err = p.client.Delete(ctx, s.DeepCopy(), client.Preconditions{UID: &s.UID})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete EndpointSlice %s/%s: %w", s.Namespace, s.Name, err)
		}
	}
	return nil
}
