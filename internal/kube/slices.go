package kube

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// sliceStore reads EndpointSlices as this process has left them. The cache lags
// behind what was written; planning from it would write twice, under new names.
//
// A List of the client waits for the writes of every service, and one that hangs
// would hold up all. So the store remembers, for each service, the names that it
// wrote, and waits for those alone.
type sliceStore struct {
	client client.Client

	mu      sync.Mutex
	written map[model.Key]map[string]struct{}
}

func newSliceStore(c client.Client) *sliceStore {
	return &sliceStore{client: c, written: map[model.Key]map[string]struct{}{}}
}

// wrote notes that a slice of the service was created, changed or deleted. It is
// called before the write, which may have happened even if it returns an error.
func (s *sliceStore) wrote(key model.Key, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.written[key] == nil {
		s.written[key] = map[string]struct{}{}
	}
	s.written[key][name] = struct{}{}
}

func (s *sliceStore) names(key model.Key) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.written[key]))
}

func (s *sliceStore) forget(key model.Key, names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range names {
		delete(s.written[key], n)
	}
	if len(s.written[key]) == 0 {
		delete(s.written, key)
	}
}

// ours returns the slices that Fairlead keeps for the service. They are shared:
// read only.
func (s *sliceStore) ours(ctx context.Context, key model.Key) ([]*discoveryv1.EndpointSlice, error) {
	names := s.names(key)
	for _, name := range names {
		object := client.ObjectKey{Namespace: key.Namespace, Name: name}
		if _, err := settled(ctx, s.client, object, new(discoveryv1.EndpointSlice)); err != nil {
			return nil, err
		}
	}
	s.forget(key, names...)
	return listSlices(ctx, s.client, key, indexOurs)
}

// settled returns an object as this process has left it; nil if there is none, or
// it is going. A cache that does not come to that in a while is taken as it is: a
// watch that was lost may have missed it for good, and writes name the version that
// they are about.
func settled[T client.Object](ctx context.Context, c client.Reader, object client.ObjectKey, into T) (T, error) {
	waited, stop := context.WithTimeout(ctx, settleLimit)
	defer stop()
	out, err := find(waited, c, model.Key(object), into)
	if err == nil || waited.Err() == nil || ctx.Err() != nil {
		return out, err
	}
	return find(ctx, c, model.Key(object), into, client.DisableReadYourWritesConsistency)
}

// settleLimit is how long the cache is waited for.
const settleLimit = 5 * time.Second

// listSlices lists from the cache as it is.
func listSlices(ctx context.Context, c client.Reader, key model.Key, index string) ([]*discoveryv1.EndpointSlice, error) {
	var list discoveryv1.EndpointSliceList
	err := c.List(ctx, &list, client.InNamespace(key.Namespace), client.MatchingFields{index: key.Name},
		client.DisableReadYourWritesConsistency, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("list the EndpointSlices of %s: %w", key, err)
	}
	all := make([]*discoveryv1.EndpointSlice, len(list.Items))
	for i := range list.Items {
		all[i] = &list.Items[i]
	}
	return all, nil
}

// standing are the endpoints that slices publish: what a process that starts
// finds. Those of a gateway's Pods are not among them, nor, where some stand behind it,
// others.
func standing(found []*discoveryv1.EndpointSlice, status *v1alpha1.ExternalServiceStatus) []model.Endpoint {
	targets := owners(status)
	behind := slices.ContainsFunc(found, func(s *discoveryv1.EndpointSlice) bool {
		return s.Labels[v1alpha1.LabelGateway] == v1alpha1.GatewayTargets
	})
	var all []model.Endpoint
	for _, s := range found {
		switch as := s.Labels[v1alpha1.LabelGateway]; {
		case as == v1alpha1.GatewayFront, as == "" && behind:
			continue
		}
		ports := render.StandingPorts(s.Ports)
		for i := range s.Endpoints {
			e := &s.Endpoints[i]
			for _, text := range e.Addresses {
				addr, err := netip.ParseAddr(text)
				if err != nil {
					continue // somebody else's doing; the plan puts it right
				}
				out := model.Endpoint{
					Addr: addr, Target: targets[text], Ports: ports,
					Ready: e.Conditions.Ready == nil || *e.Conditions.Ready,
				}
				if e.Hostname != nil {
					out.Hostname, out.Target = *e.Hostname, *e.Hostname
				}
				if of := s.Annotations[v1alpha1.AnnotationTarget]; behind && of != "" {
					out.Target, out.Host = of, s.Annotations[v1alpha1.AnnotationHost]
				}
				all = append(all, out)
			}
		}
	}
	return all
}

// owners says which target an address belongs to: of several, the one that is
// published. Where two of those are at one address, each at its own port, it may be
// either's: that is empty.
func owners(status *v1alpha1.ExternalServiceStatus) map[string]string {
	published, others := map[string]string{}, map[string]string{}
	for _, t := range status.Targets {
		of := others
		if status.Active != nil && slices.Contains(status.Active.Targets, t.Name) {
			of = published
		}
		for _, a := range t.Addresses {
			name := t.Name
			if _, twice := of[a.IP]; twice {
				name = ""
			}
			of[a.IP] = name
		}
	}
	maps.Copy(others, published)
	return others
}
