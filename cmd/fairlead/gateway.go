package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"fairlead.dev/internal/dash"
	"fairlead.dev/internal/gateway"
	"fairlead.dev/internal/group"
	"fairlead.dev/internal/kube"
	"fairlead.dev/internal/metrics"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/relay"
	"fairlead.dev/internal/wire"
)

// gatewayFlags are the flags of `fairlead gateway` as they are written.
type gatewayFlags struct {
	kubeconfig   string
	domain       string
	listen       []string
	forbid       []string
	httpListen   string
	drainDelay   time.Duration
	drainTimeout time.Duration
	logFormat    string
	verbose      bool
}

func gatewayCommand() *cobra.Command {
	var flags gatewayFlags
	cmd := &cobra.Command{
		Use:   "gateway [flags]",
		Short: "Speak for the services of a Kubernetes cluster that have spec.gateway",
		Long: `Carry the traffic of the ExternalServices that have spec.gateway: TLS to targets by
their own names, certificates for the names in the cluster, Host headers, weights, and
connections that end when their target does.

The controller sends clients to every Pod of the gateway that is ready; run as many as
you need. While the controller or the API server is away a gateway goes on with what it
knows. Told to stop, it takes clients for a while longer, until none are sent to it.`,
		Example: `  # In a Pod: deploy/chart does this with gateway.enabled=true
  fairlead gateway --listen-address $(POD_IPS) --log-format json

  # Outside of a cluster, for a try
  fairlead gateway --kubeconfig ~/.kube/config --listen-address 127.0.0.1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.options(cmd)
			if err != nil {
				return usage(cmd, err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second signal ends the process
			return speak(ctx, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.kubeconfig, "kubeconfig", "", "`file` that says where the API server is (default $KUBECONFIG, ~/.kube/config, or the Pod's service account)")
	f.StringVar(&flags.domain, "cluster-domain", "cluster.local", "`domain` of the cluster's names")
	f.StringSliceVar(&flags.listen, "listen-address", []string{"0.0.0.0"}, "`address` to take clients on: the Pod's; one of each IP family")
	f.StringSliceVar(&flags.forbid, "forbid-cidr", nil, "`range` of addresses that are never connected to, whatever the controller says")
	f.StringVar(&flags.httpListen, "http-listen", ":8053", "`address` of the status page, /metrics, /healthz and /readyz")
	f.DurationVar(&flags.drainDelay, "drain-delay", 10*time.Second, "how long clients are taken when told to stop: until none are sent here any more")
	f.DurationVar(&flags.drainTimeout, "drain-timeout", 40*time.Second, "how long connections may run on after that")
	f.StringVar(&flags.logFormat, "log-format", "text", "`format` of the log: text or json")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "log what goes well, too")
	return cmd
}

// speakOptions is what `fairlead gateway` needs, checked.
type speakOptions struct {
	rest         *rest.Config
	domain       string
	listen       []netip.Addr
	forbid       []netip.Prefix
	http         string
	delay, drain time.Duration
	log          *slog.Logger
	started      time.Time
}

// options checks the flags and turns them into what speak needs.
func (f *gatewayFlags) options(cmd *cobra.Command) (speakOptions, error) {
	o := speakOptions{http: f.httpListen, delay: f.drainDelay, drain: f.drainTimeout, started: time.Now()}
	o.domain = strings.ToLower(strings.TrimSuffix(f.domain, "."))
	if errs := validation.IsDNS1123Subdomain(o.domain); len(errs) > 0 {
		return o, fmt.Errorf("--cluster-domain %q is not a DNS domain: write one like cluster.local", f.domain)
	}
	if _, _, err := net.SplitHostPort(f.httpListen); err != nil {
		return o, fmt.Errorf("--http-listen %q: write an address and a port, like :8053", f.httpListen)
	}
	if f.drainDelay < 0 || f.drainTimeout < 0 {
		return o, errors.New("--drain-delay and --drain-timeout may not be negative: write a duration like 10s")
	}
	if f.drainTimeout == 0 {
		o.drain = -1
	}
	for _, s := range f.listen {
		a, err := netip.ParseAddr(strings.TrimSpace(s))
		if err != nil {
			return o, fmt.Errorf("--listen-address %q is not an IP address: write that of the Pod, or 0.0.0.0", s)
		}
		o.listen = append(o.listen, a)
	}
	var err error
	if o.forbid, err = parsePrefixes("--forbid-cidr", f.forbid); err != nil {
		return o, err
	}
	if o.log, err = logger(f.logFormat, f.verbose, cmd.ErrOrStderr()); err != nil {
		return o, err
	}
	if o.rest, _, err = kube.ClientConfig(f.kubeconfig, ""); err != nil {
		return o, err
	}
	o.rest.UserAgent = "fairlead-gateway/" + versionText()
	return o, nil
}

// speaker is the wired program.
type speaker struct {
	speakOptions
	gateway *gateway.Gateway
	relay   *relay.Relay
	page    net.Listener
	// leaving is set once the process was told to stop.
	leaving atomic.Bool
}

// speak runs until ctx ends, and the connections with it.
func speak(ctx context.Context, o speakOptions) error {
	s := &speaker{speakOptions: o}
	registry := metrics.NewRegistry()
	counters, err := metrics.New(registry, metrics.Config{Version: versionText(), Gateway: true, Snapshot: func() *model.Snapshot { return s.gateway.Snapshot() }})
	if err != nil {
		return err
	}
	kube.LogTo(o.log)
	s.gateway, err = gateway.New(gateway.Config{
		Rest: o.rest, Domain: o.domain, Addresses: o.listen, Forbidden: o.forbid, Log: o.log,
		Publish: func(snapshot *model.Snapshot) []model.Fault { return s.relay.Publish(snapshot) },
	})
	if err != nil {
		return err
	}
	s.relay = relay.New(relay.Config{Hooks: relayHooks(counters, s.gateway.Troubles), Materials: s.gateway.Materials, DrainTimeout: o.drain})
	var config net.ListenConfig
	if s.page, err = config.Listen(ctx, "tcp", o.http); err != nil {
		return fmt.Errorf("the status page cannot listen: %w; choose another address with --http-listen", err)
	}
	host, _, _ := net.SplitHostPort(o.http)
	o.log.Info("gateway", "version", versionText(), "http", s.page.Addr().String(), "api", o.rest.Host, "listen", o.listen)

	// What the relay follows, and the page, live on while it takes clients and drains.
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	parts, serving := group.New(serving)
	parts.Go(func() error {
		return dash.Serve(serving, s.page, dash.Config{
			Snapshot: s.gateway.Snapshot, Ready: s.ready, Hosts: []string{host}, Info: s.info,
			Metrics: counters.Handler(prometheus.Gatherers{registry}),
		})
	})
	parts.Go(func() error { return s.follow(serving) })
	parts.Go(func() error {
		select {
		case <-ctx.Done():
			s.leave()
			end()
		case <-serving.Done():
		}
		return nil
	})
	return parts.Wait()
}

// follow follows the cluster. An API server that is away is asked again.
func (s *speaker) follow(ctx context.Context) error {
	said := ""
	for ctx.Err() == nil {
		err := s.gateway.Run(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if err.Error() != said {
			s.log.Warn("not following the cluster, and trying again", "problem", err)
			said = err.Error()
		}
		select {
		case <-time.After(nextTerm):
		case <-ctx.Done():
		}
	}
	return nil
}

// leave takes clients until none are sent here any more, and then waits for those that
// are connected.
func (s *speaker) leave() {
	s.leaving.Store(true)
	s.log.Info("told to stop; clients are taken for a while longer", "for", s.delay.String(), "connections", s.relay.Connections())
	time.Sleep(s.delay)
	if n := s.relay.Connections(); n > 0 {
		s.log.Info("stopping when connections have ended; a second signal cuts them", "connections", n, "atMost", max(0, s.drain).String())
	}
	if cut := s.relay.Close(context.Background()); cut != nil {
		s.log.Warn("stopped", "problem", cut)
	}
}

// ready says what is still missing, for /readyz.
func (s *speaker) ready() error {
	switch {
	case s.leaving.Load():
		return errors.New("told to stop")
	case s.gateway.Snapshot().Generation == 0:
		return fmt.Errorf("the API server at %s has not told yet what there is to serve", s.rest.Host)
	}
	return nil
}

func (s *speaker) info() wire.Info {
	return wire.Info{Version: versionText(), Started: s.started, HTTPAddress: s.page.Addr().String()}
}
