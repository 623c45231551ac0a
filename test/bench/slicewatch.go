//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// sliceWatch is a client that follows all EndpointSlices, as kube-proxy does.
type sliceWatch struct {
	mu     sync.Mutex
	wanted map[string]expected // by Service
	ended  chan struct{}
}

// expected is what the slice of a Service is to hold.
type expected struct {
	addrs []string
	seen  chan time.Time
}

func (k *kube) watchSlices(ctx context.Context) (*sliceWatch, error) {
	events, err := k.client.Watch(ctx, &discoveryv1.EndpointSliceList{}, client.InNamespace(kubeNamespace))
	if err != nil {
		return nil, err
	}
	k.atEnd(events.Stop)
	w := &sliceWatch{wanted: map[string]expected{}, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for e := range events.ResultChan() {
			w.take(e, time.Now())
		}
	}()
	return w, nil
}

func (w *sliceWatch) take(e apiwatch.Event, at time.Time) {
	s, is := e.Object.(*discoveryv1.EndpointSlice)
	if !is || e.Type == apiwatch.Deleted {
		return
	}
	service := s.Labels[discoveryv1.LabelServiceName]
	w.mu.Lock()
	defer w.mu.Unlock()
	want, waits := w.wanted[service]
	if waits && slices.Equal(addressesOf(s), want.addrs) {
		delete(w.wanted, service)
		want.seen <- at
	}
}

func addressesOf(s *discoveryv1.EndpointSlice) []string {
	var all []string
	for i := range s.Endpoints {
		all = append(all, s.Endpoints[i].Addresses...)
	}
	slices.Sort(all)
	return all
}

// expect begins to wait for the slice of a Service to hold these addresses.
func (w *sliceWatch) expect(service string, addrs ...string) expected {
	addrs = slices.Sorted(slices.Values(addrs))
	e := expected{addrs, make(chan time.Time, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted[service] = e
	return e
}

// wait returns when the watch saw what was expected.
func (w *sliceWatch) wait(ctx context.Context, e expected) (time.Time, error) {
	select {
	case at := <-e.seen:
		return at, nil
	case <-w.ended:
		return time.Time{}, fmt.Errorf("the watch on EndpointSlices has ended")
	case <-time.After(startLimit):
		return time.Time{}, fmt.Errorf("no EndpointSlice with %v within %s", e.addrs, startLimit)
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}
