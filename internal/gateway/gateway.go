// Package gateway is what a Pod of the gateway knows of its cluster: it watches the
// ExternalServices with a gateway and the EndpointSlices that the controller keeps for
// them, and makes snapshots of them for the relay.
//
// It decides nothing and writes nothing but Events: which targets are published is the
// controller's decision, and stands in the slices. While the API server or the
// controller is away the relay goes on with what was known.
package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/material"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
	"fairlead.dev/internal/trouble"
)

// Config is what a [Gateway] needs. All fields are required but Forbidden.
type Config struct {
	// Rest says where the API server is, and who asks.
	Rest *rest.Config
	// Domain is the cluster domain, without a trailing dot.
	Domain string
	// Addresses are those on which the relay listens: the Pod's, or unspecified ones.
	Addresses []netip.Addr
	// Forbidden are ranges that are never dialled, whatever slices say.
	Forbidden []netip.Prefix
	// Publish has the relay follow a snapshot, and says what it could not.
	Publish func(*model.Snapshot) []model.Fault
	Log     *slog.Logger
}

const (
	// gather is how long changes are gathered before the relay is told of them.
	gather = 5 * time.Millisecond
	// linger is how long the relay goes on with a service that is gone: clients are
	// sent elsewhere a moment later than the gateway hears of it.
	linger = 10 * time.Second
	// retryFaults is how soon the relay is asked again for what it could not do.
	retryFaults = 2 * time.Second
	// renew is how often what specs name is looked at, so that a handshake finds what
	// was rotated.
	renew = 5 * time.Second
)

// Gateway follows a cluster. Make one with [New].
type Gateway struct {
	Config
	// Materials are the certificates that specs name.
	Materials *material.Store
	// Troubles tells people what goes wrong with connections: by Events of the
	// ExternalServices, and in the log.
	Troubles *trouble.Teller

	// faulty says that the relay could not do everything. Used by Run alone.
	faulty    bool
	rest      *rest.Config
	scheme    *runtime.Scheme
	dirty     chan struct{}
	snapshot  atomic.Pointer[model.Snapshot]
	announcer *announcer
	known     *known
}

// New prepares a gateway, and asks the API server nothing that it needs an answer to.
func New(c Config) (*Gateway, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	rc := rest.CopyConfig(c.Rest)
	rc.QPS = -1 // the API server's priority and fairness paces its clients
	live, err := client.New(rc, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("prepare the client: %w", err)
	}
	clientset, err := kubernetes.NewForConfig(rc)
	if err != nil {
		return nil, fmt.Errorf("prepare the client: %w", err)
	}
	g := &Gateway{
		Config: c, rest: rc, scheme: scheme, dirty: make(chan struct{}, 1),
		Materials: material.New(material.Config{Live: live, Now: time.Now, Forbidden: mayNotRead}),
		known:     newKnown(c, time.Now),
	}
	g.announcer = newAnnouncer(clientset, scheme, g.known.uid, c.Log)
	g.Troubles = trouble.New(time.Now, g.announcer.tell)
	g.known.tell = g.Troubles.Tell
	g.snapshot.Store(model.NewSnapshot(c.Domain, nil, nil, nil))
	return g, nil
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, discoveryv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("prepare the types: %w", err)
		}
	}
	return scheme, nil
}

func mayNotRead(kind string, key model.Key) error {
	return fmt.Errorf("the gateway may not read %s %s: grant its ServiceAccount get on it (docs/install.md)", kind, key)
}

// Snapshot is what the relay follows; empty before the first.
func (g *Gateway) Snapshot() *model.Snapshot { return g.snapshot.Load() }

// Run follows the cluster until ctx ends. It returns an error when it cannot, while the
// API server has never answered, say. It may then be called again.
func (g *Gateway) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ours := labels.SelectorFromSet(labels.Set{discoveryv1.LabelManagedBy: render.Manager})
	objects, err := cache.New(g.rest, cache.Options{
		Scheme: g.scheme, DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{&discoveryv1.EndpointSlice{}: {Label: ours}},
	})
	if err != nil {
		return fmt.Errorf("prepare the cache: %w", err)
	}
	for _, o := range []client.Object{&v1alpha1.ExternalService{}, &discoveryv1.EndpointSlice{}} {
		informer, err := objects.GetInformer(ctx, o, cache.BlockUntilSynced(false))
		if err != nil {
			return fmt.Errorf("watch %T: %w", o, err)
		}
		if _, err := informer.AddEventHandler(g.heed()); err != nil {
			return fmt.Errorf("watch %T: %w", o, err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- objects.Start(ctx) }()
	defer func() { stop(); <-ended }()
	if err := g.announcer.broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		g.Log.Warn("no Events are recorded", "problem", err)
	}
	if !objects.WaitForCacheSync(ctx) {
		return nil // told to stop before it began
	}
	go g.renew(ctx)
	for {
		again, err := g.follow(ctx, objects)
		if err != nil {
			return err
		}
		var later <-chan time.Time
		if again > 0 {
			later = time.After(again)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-later:
		case <-g.dirty:
			time.Sleep(gather)
		}
	}
}

// heed has everything that happens looked at.
func (g *Gateway) heed() toolscache.ResourceEventHandler {
	wake := func() {
		select {
		case g.dirty <- struct{}{}:
		default:
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { wake() }, UpdateFunc: func(any, any) { wake() }, DeleteFunc: func(any) { wake() },
	}
}

// follow makes a snapshot of what is known now, and has the relay follow it. Again is
// after how long there is more to do; zero for never.
func (g *Gateway) follow(ctx context.Context, objects client.Reader) (again time.Duration, _ error) {
	select {
	case <-g.dirty: // what it tells of is read below
	default:
	}
	var services v1alpha1.ExternalServiceList
	if err := objects.List(ctx, &services, client.UnsafeDisableDeepCopy); err != nil {
		return 0, fmt.Errorf("list ExternalServices: %w", err)
	}
	var slices discoveryv1.EndpointSliceList
	if err := objects.List(ctx, &slices, client.UnsafeDisableDeepCopy); err != nil {
		return 0, fmt.Errorf("list EndpointSlices: %w", err)
	}
	published, again := g.known.learn(services.Items, slices.Items)
	last := g.snapshot.Load()
	next := last
	switch {
	case published != nil:
		next = model.NewSnapshot(g.Domain, nil, published, nil)
		next.Generation, next.At = last.Generation+1, time.Now()
	case !g.faulty:
		return again, nil
	}
	faults := g.Publish(next)
	g.faulty = len(faults) > 0
	g.snapshot.Store(next)
	g.Troubles.Faults(faults)
	if g.faulty && (again == 0 || again > retryFaults) {
		again = retryFaults
	}
	return again, nil
}

// renew looks at what specs name, again and again.
func (g *Gateway) renew(ctx context.Context) {
	for {
		for _, p := range g.Snapshot().Services {
			convert.Lacks(&p.Service, g.Materials)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(renew):
		}
	}
}
