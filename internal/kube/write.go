package kube

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// writing is one round of writes for one service.
type writing struct {
	*publisher
	key   model.Key
	input render.Input
	// taken are names of EndpointSlices that turned out to be somebody else's.
	taken []string
	// again is after how long the service is to be looked at again; zero for not.
	again time.Duration
}

// service writes the Service, before the slices: no slice is ever written for a
// Service that turns out to be somebody else's.
func (w *writing) service(ctx context.Context, standing *corev1.Service) error {
	if standing != nil {
		if err := w.mayOwn(ctx, standing); err != nil {
			return err
		}
	}
	if err := w.writer.service(ctx, standing, render.Render(w.input).Service); err != nil {
		return fmt.Errorf("write Service %s: %w", w.key, err)
	}
	return nil
}

// endpoints writes the EndpointSlices, and tells of those that others have.
func (w *writing) endpoints(ctx context.Context) (*model.Fault, error) {
	standing, err := w.publisher.slices.ours(ctx, w.key)
	if err != nil {
		return nil, err
	}
	w.input.Slices = standing
	front, again, unserved, err := w.fronts.of(ctx, &w.input.Published.Service, standing)
	if err != nil {
		return nil, err
	}
	w.input.Front, w.again = front, again
	if err := w.slices(ctx); err != nil {
		return refused(w.key, "EndpointSlices", err, true), err
	}
	if unserved != nil {
		return unserved, nil
	}
	return w.rivals(ctx, w.input.Published)
}

// slices writes the EndpointSlices, in the order in which no endpoint is ever
// missing.
func (w *writing) slices(ctx context.Context) error {
	w.input.Taken = func(name string) bool { return slices.Contains(w.taken, name) }
	for {
		changes := render.Render(w.input).Slices
		again, err := w.create(ctx, changes.Create)
		if err != nil {
			return err
		}
		if again {
			continue
		}
		if err := w.update(ctx, changes.Update); err != nil {
			return err
		}
		return w.remove(ctx, changes.Delete)
	}
}

// create returns true if a name was somebody else's, so that another is needed.
func (w *writing) create(ctx context.Context, wanted []*discoveryv1.EndpointSlice) (again bool, err error) {
	for _, s := range wanted {
		w.publisher.slices.wrote(w.key, s.Name)
		made := s.DeepCopy()
		err := w.client.Create(ctx, made, fieldOwner)
		switch {
		case apierrors.IsAlreadyExists(err):
			w.taken = append(w.taken, s.Name)
			return true, nil
		case err != nil:
			return false, fmt.Errorf("create EndpointSlice %s/%s: %w", s.Namespace, s.Name, err)
		}
		w.input.Slices = append(w.input.Slices, made) // should a later one make it plan again
	}
	return false, nil
}

func (w *writing) update(ctx context.Context, wanted []*discoveryv1.EndpointSlice) error {
	for _, s := range wanted {
		at := slices.IndexFunc(w.input.Slices, func(o *discoveryv1.EndpointSlice) bool { return o.Name == s.Name })
		if err := w.mayOwn(ctx, w.input.Slices[at]); err != nil {
			return err
		}
		w.publisher.slices.wrote(w.key, s.Name)
		if err := w.writer.slice(ctx, w.input.Slices[at], s); err != nil {
			return fmt.Errorf("update EndpointSlice %s/%s: %w", s.Namespace, s.Name, err)
		}
	}
	return nil
}

func (w *writing) remove(ctx context.Context, unwanted []*discoveryv1.EndpointSlice) error {
	for _, s := range unwanted {
		w.publisher.slices.wrote(w.key, s.Name)
		err := w.client.Delete(ctx, s.DeepCopy(), client.Preconditions{UID: &s.UID})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete EndpointSlice %s/%s: %w", s.Namespace, s.Name, err)
		}
	}
	return nil
}
