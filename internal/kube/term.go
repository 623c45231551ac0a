package kube

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/material"
	"fairlead.dev/internal/model"
)

const (
	// publishers is how many services are written at the same time.
	publishers = 16
	// roundLimit bounds one round for one service, so that a write that hangs holds
	// up one of the publishers for so long at most.
	roundLimit = 30 * time.Second
	// The pause before a write that failed is tried again grows from retryFirst to
	// retryLast: an API server that returns after an hour is used at once.
	retryFirst = 50 * time.Millisecond
	retryLast  = 5 * time.Second
)

// newTerm adds to a manager all that runs while it leads: the engine, what reads
// for it and what writes for it.
func newTerm(m manager.Manager, c Config, ranges []netip.Prefix) error {
	sink := newSink()
	materials := material.New(material.Config{Live: m.GetAPIReader(), Now: time.Now, Forbidden: mayNotRead})
	e := c.Engine(Edge{
		ServiceCIDRs: ranges, Sink: sink.take, Programmed: programmed,
		Credentials: func(ctx context.Context, namespace, name string) (username, password string, err error) {
			l, err := materials.Login(ctx, namespace, name)
			return l.Username, l.Password, err
		},
	})
	store := newSliceStore(m.GetClient())
	w := &writer{client: m.GetClient()}
	events := &recorder{events: m.GetEventRecorder("fairlead.dev/controller")}

	r := &reader{
		client: m.GetClient(), engine: e, events: events, log: c.Log, domain: c.Domain,
		gateway: c.Gateway != model.Key{}, materials: materials, accepted: map[model.Key]model.Service{}, told: map[model.Key]string{},
	}
	p := &publisher{
		client: m.GetClient(), live: m.GetAPIReader(), latest: sink, engine: e, slices: store, writer: w, events: events, heard: newHeard(), now: time.Now,
		fronts: &fronts{client: m.GetClient(), gateway: c.Gateway, ports: newPortBook(time.Now), now: time.Now},
	}

	if err := m.Add(manager.RunnableFunc(e.Run)); err != nil {
		return err
	}
	cache := m.GetCache()
	reads := map[string]source.Source{
		"ExternalService": source.Kind(cache, &v1alpha1.ExternalService{}, itself[*v1alpha1.ExternalService](), specChanged()),
		"Service":         source.Kind(cache, &corev1.Service{}, readService(m.GetClient())),
		"EndpointSlice":   source.Kind(cache, &discoveryv1.EndpointSlice{}, readSlice(m.GetClient())),
	}
	if err := start(m, "read", r, 1, reads); err != nil {
		return err
	}
	return start(m, "publish", p, publishers, map[string]source.Source{
		"decisions":       sink,
		"ExternalService": source.Kind(cache, &v1alpha1.ExternalService{}, itself[*v1alpha1.ExternalService]()),
		"Service":         source.Kind(cache, &corev1.Service{}, publishService(sink)),
		"EndpointSlice":   source.Kind(cache, &discoveryv1.EndpointSlice{}, publishSlice(sink, c.Gateway)),
	})
}

// start adds a controller that has its requests from all sources.
func start(m manager.Manager, name string, r reconcile.Reconciler, workers int, sources map[string]source.Source) error {
	c, err := controller.New(name, m, controller.Options{
		Reconciler: r, MaxConcurrentReconciles: workers, ReconciliationTimeout: roundLimit,
		// A process may lead for several terms.
		SkipNameValidation: new(true),
		RateLimiter:        workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast),
	})
	if err != nil {
		return err
	}
	for what, s := range sources {
		if err := c.Watch(s); err != nil {
			return fmt.Errorf("watch %s: %w", what, err)
		}
	}
	return nil
}

// programmed says that a decision is carried out. Its ClusterIP is the API
// server's to choose, so that it is not named.
func programmed(p *model.Published) (reason, message string) {
	if p.Service.Type == model.ExternalName {
		return v1alpha1.ReasonProgrammed, "its Service stands as decided"
	}
	return v1alpha1.ReasonProgrammed, "its Service and EndpointSlices stand as decided"
}

// mayNotRead tells whoever installed the controller.
func mayNotRead(kind string, key model.Key) error {
	if kind != "Secret" {
		return fmt.Errorf("the controller may not read %s %s: bind the ClusterRole fairlead-gateway-certificates to it in namespace %s (docs/install.md)", kind, key, key.Namespace)
	}
	return fmt.Errorf("the controller may not read %s %s: install it with rbac.probeCredentials=true, or bind the ClusterRole fairlead-probe-credentials to it in namespace %s (docs/install.md)", kind, key, key.Namespace)
}
