package kube

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// openDelay is how long the gateway's Pods are given to listen on a port that is new,
// before clients are sent there.
const openDelay = time.Second

// fronts knows where the clients of services go that a gateway speaks for.
type fronts struct {
	client client.Reader
	// gateway is the Service of the gateway's Pods; zero where there is none.
	gateway model.Key
	ports   *portBook
	now     func() time.Time

	mu sync.Mutex
	// recalled says that the ports are known that were allotted before.
	recalled bool
}

// of returns where a service's clients go, and how long until that is to be looked at
// again; zero for not. Standing are the service's slices. The fault says that nobody
// takes the clients.
func (f *fronts) of(ctx context.Context, svc *model.Service, standing []*discoveryv1.EndpointSlice) (*render.Front, time.Duration, *model.Fault, error) {
	if svc.Gateway == nil {
		f.ports.release(svc.Key)
		return nil, 0, nil, nil
	}
	if err := f.remember(ctx); err != nil {
		return nil, 0, nil, err
	}
	ports, ok := f.ports.take(svc.Key, svc.Ports, openDelay)
	if !ok {
		return nil, 0, f.fault(svc.Key, fmt.Sprintf("all ports from %d to %d of the gateway are in use: a gateway cannot speak for more services", firstPort, lastPort)), nil
	}
	pods, err := listSlices(ctx, f.client, f.gateway, indexService)
	if err != nil {
		return nil, 0, nil, err
	}
	front := &render.Front{Ports: ports.all()}
	wait := time.Duration(0)
	if len(ports.fresh) > 0 {
		wait = max(time.Millisecond, openDelay-f.now().Sub(ports.since))
	}
	ready := takers(pods)
	for _, addr := range ready {
		if len(ports.stood) > 0 {
			front.Pods = append(front.Pods, model.Endpoint{Addr: addr, Ready: true, Ports: ports.stood})
		}
		if len(ports.fresh) > 0 {
			front.Pods = append(front.Pods, model.Endpoint{Addr: addr, Ports: ports.fresh})
		}
	}
	// What clients reached before, they reach until there is somebody to take them.
	if len(ports.stood) == 0 || len(ready) == 0 {
		front.Direct = directs(standing)
	}
	if len(ready) == 0 {
		return front, wait, f.fault(svc.Key, fmt.Sprintf("no Pod of the gateway, Service %s, is ready", f.gateway)), nil
	}
	return front, wait, nil, nil
}

// takers are the addresses of the gateway's Pods that take clients.
func takers(pods []*discoveryv1.EndpointSlice) (all []netip.Addr) {
	for _, s := range pods {
		for i := range s.Endpoints {
			e := &s.Endpoints[i]
			if e.Conditions.Ready != nil && !*e.Conditions.Ready {
				continue
			}
			for _, text := range e.Addresses {
				if addr, err := netip.ParseAddr(text); err == nil {
					all = append(all, addr)
				}
			}
		}
	}
	return all
}

func (f *fronts) fault(key model.Key, why string) *model.Fault {
	return &model.Fault{Key: key, Reason: v1alpha1.ReasonGatewayNotReady, Message: why}
}

// remember reads once which ports are allotted, before any other is.
func (f *fronts) remember(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.recalled {
		return nil
	}
	var list discoveryv1.EndpointSliceList
	err := f.client.List(ctx, &list, client.MatchingLabels{v1alpha1.LabelGateway: v1alpha1.GatewayFront},
		client.DisableReadYourWritesConsistency, client.UnsafeDisableDeepCopy)
	if err != nil {
		return fmt.Errorf("list the EndpointSlices in front of the gateway: %w", err)
	}
	for i := range list.Items {
		s := &list.Items[i]
		for _, name := range ours(s) {
			f.ports.recall(model.Key{Namespace: s.Namespace, Name: name}, s)
		}
	}
	f.recalled = true
	return nil
}

// directs reports whether clients are sent to the endpoints themselves.
func directs(standing []*discoveryv1.EndpointSlice) bool {
	for _, s := range standing {
		if s.Labels[v1alpha1.LabelGateway] == "" && len(s.Endpoints) > 0 {
			return true
		}
	}
	return false
}
