package kube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// Config is what a controller needs.
type Config struct {
	// Rest says where the API server is, and who asks. Required.
	Rest *rest.Config
	// Domain is the cluster domain, without a trailing dot.
	Domain string
	// Engine makes the engine of one term as the leader. It is given the ranges of
	// the cluster's virtual IPs, the sink of its snapshots and the words of the
	// condition Programmed. Required.
	Engine func(Edge) *engine.Engine
	// Gateway is the Service of the gateway's Pods; zero where there is none, and a
	// service with a gateway is refused.
	Gateway model.Key
	// LeaderElection is whether one of several replicas leads. Without it this
	// process believes to be alone.
	LeaderElection bool
	// Namespace is where the lease is, LeaseName its name.
	Namespace, LeaseName string
	Log                  *slog.Logger
}

// Edge is what the Kubernetes edge is to an engine.
type Edge struct {
	ServiceCIDRs []netip.Prefix
	Sink         engine.Sink
	Programmed   func(*model.Published) (reason, message string)
	// Credentials returns what probes of a service in that namespace log in with:
	// username and password of the Secret of that name. Its error is for a person.
	Credentials func(ctx context.Context, namespace, name string) (username, password string, err error)
}

// The times of the leader election. A leader that is killed is followed after
// leaseDuration and a retryPeriod, one that ends in order after a retryPeriod;
// client-go stretches that one by a random share, to 4.4 s at most.
const (
	leaseDuration = 10 * time.Second
	renewDeadline = 7 * time.Second
	retryPeriod   = 2 * time.Second
)

// Run serves until ctx ends: as a candidate, and as the leader once it is elected.
// It returns an error when it cannot, or not any more: the API server is away for
// longer than the lease lasts, say. It may then be called again.
func Run(ctx context.Context, c Config) error {
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	rc := rest.CopyConfig(c.Rest)
	rc.QPS = -1 // the API server's priority and fairness paces its clients
	lease, renew, retry := leaseDuration, renewDeadline, retryPeriod
	m, err := manager.New(rc, manager.Options{
		Scheme: scheme,
		Cache:  cache.Options{DefaultTransform: slim},
		Client: client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: new(true)}},

		Metrics:                       metricsserver.Options{BindAddress: "0"},
		LeaderElection:                c.LeaderElection,
		LeaderElectionNamespace:       c.Namespace,
		LeaderElectionID:              c.LeaseName,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &lease, RenewDeadline: &renew, RetryPeriod: &retry,
	})
	if err != nil {
		return fmt.Errorf("prepare the controller: %w", err)
	}
	if err := installed(ctx, m.GetAPIReader()); err != nil {
		return err
	}
	ranges, err := serviceCIDRs(ctx, m.GetAPIReader())
	if err != nil {
		return err
	}
	if err := addIndexes(ctx, m.GetFieldIndexer()); err != nil {
		return fmt.Errorf("prepare the cache: %w", err)
	}
	// A candidate's cache is warm; the other kinds have an index, which starts theirs.
	if _, err := m.GetCache().GetInformer(ctx, &corev1.Service{}, cache.BlockUntilSynced(false)); err != nil {
		return fmt.Errorf("prepare the cache: %w", err)
	}
	if err := newTerm(m, c, ranges); err != nil {
		return fmt.Errorf("prepare the controller: %w", err)
	}
	if err := m.Start(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve the cluster: %w", err)
	}
	return nil
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, discoveryv1.AddToScheme, networkingv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("prepare the types: %w", err)
		}
	}
	return scheme, nil
}

// installed returns why ExternalServices cannot be read, or nil. It is the first
// question to the API server.
func installed(ctx context.Context, c client.Reader) error {
	err := c.List(ctx, &v1alpha1.ExternalServiceList{}, client.Limit(1))
	switch {
	case err == nil:
		return nil
	case meta.IsNoMatchError(err) || apierrors.IsNotFound(err):
		return errors.New("the cluster does not know ExternalServices: kubectl apply -f deploy/crds")
	case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
		return fmt.Errorf("read ExternalServices (grant the rights that docs/install.md lists): %w", err)
	}
	return fmt.Errorf("read ExternalServices: %w", err)
}

// serviceCIDRs returns the ranges of the cluster's virtual IPs.
func serviceCIDRs(ctx context.Context, c client.Reader) ([]netip.Prefix, error) {
	var list networkingv1.ServiceCIDRList
	if err := c.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("read the cluster's ServiceCIDRs: %w", err)
	}
	var all []netip.Prefix
	for i := range list.Items {
		for _, text := range list.Items[i].Spec.CIDRs {
			if p, err := netip.ParsePrefix(text); err == nil {
				all = append(all, p)
			}
		}
	}
	return all, nil
}
