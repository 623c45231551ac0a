package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"fairlead.dev/internal/dash"
	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/group"
	"fairlead.dev/internal/kube"
	"fairlead.dev/internal/metrics"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/resolve"
	"fairlead.dev/internal/wire"
)

// nextTerm is the pause before the API server is asked again, after it was away
// or another replica took over.
const nextTerm = time.Second

// controlOptions is what `fairlead controller` needs, checked.
type controlOptions struct {
	rest        *rest.Config
	namespace   string
	leaderElect bool
	domain      string
	upstreams   []netip.AddrPort
	forbid      []netip.Prefix
	gateway     model.Key
	http        string
	log         *slog.Logger
	started     time.Time
}

// controlled is the wired program. Its engine is another one each term.
type controlled struct {
	controlOptions
	upstream *resolve.Upstream
	counters *metrics.Metrics
	engine   atomic.Pointer[engine.Engine]
	problem  atomic.Pointer[string] // why the last term ended
	nothing  *model.Snapshot
	page     net.Listener
}

// control runs until ctx ends.
func control(ctx context.Context, o controlOptions) error {
	c := &controlled{controlOptions: o, nothing: model.NewSnapshot(o.domain, nil, nil, nil)}
	var err error
	if c.upstream, err = outside(o.upstreams, o.log, func(netip.AddrPort) bool { return false }); err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	if c.counters, err = metrics.New(registry, metrics.Config{Version: versionText(), Snapshot: c.snapshot, Controller: true}); err != nil {
		return err
	}
	var config net.ListenConfig
	if c.page, err = config.Listen(ctx, "tcp", o.http); err != nil {
		return fmt.Errorf("the status page cannot listen: %w; choose another address with --http-listen", err)
	}
	host, _, _ := net.SplitHostPort(o.http)
	o.log.Info("controller", "version", versionText(), "http", c.page.Addr().String(), "api", o.rest.Host, "upstreams", c.upstream.Servers())
	kube.LogTo(o.log)
	parts, ctx := group.New(ctx)
	parts.Go(func() error {
		return dash.Serve(ctx, c.page, dash.Config{
			Snapshot: c.snapshot, Ready: c.ready, Info: c.info, Hosts: []string{host},
			Metrics: c.counters.Handler(prometheus.Gatherers{registry, kube.Metrics()}),
		})
	})
	parts.Go(func() error { return c.terms(ctx) })
	return parts.Wait()
}

// terms leads, or waits to, for as long as the process lives. A lost lease or an
// API server that is away ends a term, not the process: a restart would cost more
// than the wait.
func (c *controlled) terms(ctx context.Context) error {
	said := ""
	for ctx.Err() == nil {
		err := kube.Run(ctx, kube.Config{
			Rest: c.rest, Domain: c.domain, Engine: c.newEngine, Log: c.log, Gateway: c.gateway,
			LeaderElection: c.leaderElect, Namespace: c.namespace, LeaseName: leaseName,
		})
		served := c.engine.Swap(nil) != nil
		if err == nil || ctx.Err() != nil {
			return nil
		}
		text := err.Error()
		c.problem.Store(&text)
		if text != said || served {
			c.log.Warn("not serving, and trying again", "problem", text)
			said = text
		}
		select {
		case <-time.After(nextTerm):
		case <-ctx.Done():
		}
	}
	return nil
}

// newEngine makes the engine of one term.
func (c *controlled) newEngine(edge kube.Edge) *engine.Engine {
	forbidden := failover.Forbidden{Unroutable: true}
	for _, p := range edge.ServiceCIDRs {
		forbidden.Ranges = append(forbidden.Ranges, failover.Range{Prefix: p, Why: "it lies in the cluster's Service range"})
	}
	for _, p := range c.forbid {
		forbidden.Ranges = append(forbidden.Ranges, failover.Range{Prefix: p, Why: "it lies in a range that --forbid-cidr names"})
	}
	e := engine.New(engine.Config{
		Domain: c.domain, Forbidden: forbidden, Sink: edge.Sink, Programmed: edge.Programmed, Log: c.log,
		Resolver: &resolve.Client{Upstream: c.upstream, Now: time.Now, Looked: c.counters.Lookup},
		Prober:   prober(edge.Credentials), Probed: c.counters.Probe,
	})
	c.engine.Store(e)
	return e
}

// snapshot is that of the present term; empty while there is none.
func (c *controlled) snapshot() *model.Snapshot {
	if e := c.engine.Load(); e != nil {
		return e.Snapshot()
	}
	return c.nothing
}

// ready says what is still missing, for /readyz: a replica that waits to lead is
// ready to.
func (c *controlled) ready() error {
	if c.engine.Load() != nil {
		return nil
	}
	if problem := c.problem.Load(); problem != nil {
		return errors.New(*problem)
	}
	return fmt.Errorf("the API server at %s has not answered yet", c.rest.Host)
}

func (c *controlled) info() wire.Info {
	i := wire.Info{Version: versionText(), Started: c.started, HTTPAddress: c.page.Addr().String()}
	for _, s := range c.upstream.Servers() {
		i.Upstreams = append(i.Upstreams, s.String())
	}
	return i
}
