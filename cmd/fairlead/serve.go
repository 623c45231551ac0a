package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"fairlead.dev/internal/dash"
	"fairlead.dev/internal/dnsserver"
	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/file"
	"fairlead.dev/internal/group"
	"fairlead.dev/internal/metrics"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/relay"
	"fairlead.dev/internal/resolve"
	"fairlead.dev/internal/wire"
)

// resolvConf names the outside resolvers where no flag does.
const resolvConf = "/etc/resolv.conf"

// fallbackPort is where DNS is served when port 53 is not permitted.
const fallbackPort = 5353

// serveOptions is what `fairlead run` needs, checked.
type serveOptions struct {
	paths     []string
	cidrs     []netip.Prefix
	domain    string
	dns       netip.AddrPort
	upstreams []netip.AddrPort
	http      string
	drain     time.Duration
	// dnsFallback permits another port for dns.
	dnsFallback bool
	// quiet leaves out the lines that are for people.
	quiet          bool
	log            *slog.Logger
	stdout, stderr io.Writer
	// probes asks endpoints; nil means for real.
	probes engine.Prober
}

// instance is the wired program.
type instance struct {
	serveOptions
	started time.Time
	// directory is where paths that are relative begin.
	directory string

	loader *file.Loader
	engine *engine.Engine
	relay  *relay.Relay
	dns    *dnsserver.Server
	page   net.Listener
	config dash.Config
	told   *reporter
}

// serve runs until ctx ends: it wires source, engine and sinks, in the order in
// which data flows.
func serve(ctx context.Context, o serveOptions) error {
	in, first, err := wireUp(ctx, o)
	if err != nil {
		return err
	}
	parts, ctx := group.New(ctx)
	parts.Go(func() error { return in.engine.Run(ctx) })
	parts.Go(func() error { return in.dns.Serve(ctx) })
	parts.Go(func() error { return dash.Serve(ctx, in.page, in.config) })
	parts.Go(func() error {
		if err := in.set(ctx, first); err != nil {
			return nil // told to stop before it began
		}
		select {
		case <-in.engine.Published():
			in.banner()
		case <-ctx.Done():
			return nil
		}
		return in.loader.Watch(ctx, func(d file.Desired) { in.set(ctx, d) })
	})
	err = parts.Wait()
	if n := in.relay.Connections(); n > 0 {
		in.log.Info("stopping when connections have ended; a second signal cuts them", "connections", n, "atMost", max(0, o.drain).String())
	}
	if cut := in.relay.Close(context.Background()); cut != nil {
		in.log.Warn("stopped", "problem", cut)
	}
	return err
}

// set hands a desired state to the engine and says what is new about it.
func (in *instance) set(ctx context.Context, d file.Desired) error {
	in.told.report(d)
	return in.engine.Set(ctx, engine.Desired{Services: d.Services, Namespaces: d.Namespaces, Problems: d.Problems})
}

// wireUp makes every part and takes every address, so that what cannot work
// fails before anything is served.
func wireUp(ctx context.Context, o serveOptions) (*instance, file.Desired, error) {
	in := &instance{serveOptions: o, started: time.Now(), told: &reporter{log: o.log}}
	in.directory, _ = os.Getwd() // unknown, paths are not found from elsewhere, and that is said there
	if !o.quiet {
		in.told.people = o.stderr
	}
	var first file.Desired

	loader, err := file.New(file.Config{Paths: o.paths, ClusterDomain: o.domain, ServiceCIDRs: o.cidrs, Logger: o.log})
	if err != nil {
		return nil, first, err
	}
	in.loader = loader
	if first, err = loader.Load(); err != nil {
		return nil, first, err
	}
	own := func(a netip.AddrPort) bool { return a.Addr() == o.dns.Addr() }
	upstream, err := outside(o.upstreams, o.log, own)
	if err != nil {
		return nil, first, err
	}

	registry := metrics.NewRegistry()
	counters, err := metrics.New(registry, metrics.Config{Version: versionText(), Snapshot: in.snapshot})
	if err != nil {
		return nil, first, err
	}
	in.told.reloaded = counters.Reloads
	in.relay = relay.New(relay.Config{Hooks: relayHooks(counters, troubles(o.log)), DrainTimeout: o.drain, Materials: loader})
	if in.probes == nil {
		in.probes = prober(in.logins)
	}
	in.engine = engine.New(engine.Config{
		Domain: o.domain, Forbidden: virtualIPs(o.cidrs), Sink: in.relay.Publish, Log: o.log,
		Resolver: &resolve.Client{Upstream: upstream, Now: time.Now, Looked: counters.Lookup},
		Prober:   in.probes, Probed: counters.Probe,
	})
	in.dns = dnsserver.New(dnsserver.Config{
		Snapshot: in.answers, Forwarder: upstream, Log: o.log,
		Hooks: dnsserver.Hooks{Query: counters.DNSQuery},
	})
	if err := in.listenDNS(ctx); err != nil {
		return nil, first, err
	}
	var config net.ListenConfig
	if in.page, err = config.Listen(ctx, "tcp", o.http); err != nil {
		in.dns.Close()
		return nil, first, fmt.Errorf("the status page cannot listen: %w; choose another address with --http-listen", err)
	}
	host, _, _ := net.SplitHostPort(o.http)
	if clientAddress(o.http) != o.http {
		o.log.Warn("the status page, which names internal services, is open to other machines", "address", in.page.Addr().String())
	}
	in.config = dash.Config{
		Snapshot: in.engine.Snapshot, Ready: in.ready, Metrics: counters.Handler(registry), Hosts: []string{host},
		Info: func() wire.Info { return in.info(upstream.Servers()) },
	}
	return in, first, nil
}

// logins are those of the Secrets in the manifests.
func (in *instance) logins(_ context.Context, namespace, name string) (username, password string, err error) {
	return in.loader.Credentials(namespace, name)
}

// virtualIPs forbids the addresses behind which the relay would call itself.
func virtualIPs(cidrs []netip.Prefix) failover.Forbidden {
	var f failover.Forbidden
	for _, c := range cidrs {
		f.Ranges = append(f.Ranges, failover.Range{Prefix: c, Why: "it lies in the range of the virtual IPs"})
	}
	return f
}

// answers is what DNS answers from: nothing before the first snapshot, or names
// that exist would be denied.
func (in *instance) answers() *model.Snapshot {
	if s := in.engine.Snapshot(); s.Generation > 0 {
		return s
	}
	return nil
}

// snapshot is what the metrics show; there is none before the engine is made.
func (in *instance) snapshot() *model.Snapshot {
	if in.engine == nil {
		return nil
	}
	return in.engine.Snapshot()
}

// outside is the upstream of the flags, or that of the machine without the server
// that is this process's own.
func outside(flags []netip.AddrPort, log *slog.Logger, own func(netip.AddrPort) bool) (*resolve.Upstream, error) {
	if len(flags) > 0 {
		return resolve.NewUpstream(flags, 0, 0), nil
	}
	servers, err := resolve.SystemServers(resolvConf, own)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if len(servers) == 0 && err == nil {
		log.Warn("no outside DNS server is known: only the cluster's names resolve", "fix", "--upstream IP")
	}
	return resolve.NewUpstream(servers, 0, 0), err
}

// listenDNS takes the DNS address, or where that is not permitted and none was
// asked for, the fallback port.
func (in *instance) listenDNS(ctx context.Context) error {
	addr := in.serveOptions.dns
	err := in.dns.Listen(ctx, addr)
	switch {
	case err == nil || !in.dnsFallback:
		return err
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("the addresses of --service-cidr %s are not this machine's: take a range in 127.0.0.0/8, or make it local with `ip route add local %s dev lo`: %w", in.cidrs[0], in.cidrs[0], err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; a second instance beside another needs a --service-cidr and an --http-listen of its own", err)
	case !errors.Is(err, fs.ErrPermission):
		return err
	}
	fallback := netip.AddrPortFrom(addr.Addr(), fallbackPort)
	if err := in.dns.Listen(ctx, fallback); err != nil {
		return err
	}
	in.log.Warn("DNS is served on another port, since port 53 is not permitted", "address", fallback,
		"fix", "run as root, or once: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=53")
	return nil
}

// ready says what is still missing, for /readyz.
func (in *instance) ready() error {
	s := in.engine.Snapshot()
	if s.Generation == 0 {
		return errors.New("the manifests are being read")
	}
	var pending []error
	for _, p := range s.Services {
		if c, _ := p.Decision.Condition(model.Resolvable); c.Reason == "Pending" {
			pending = append(pending, fmt.Errorf("%s: %s", p.Service.Key, c.Message))
		}
	}
	return errors.Join(pending...)
}

func (in *instance) info(servers []netip.AddrPort) wire.Info {
	i := wire.Info{
		Version: versionText(), Started: in.started, HTTPAddress: in.page.Addr().String(), Paths: in.paths, Directory: in.directory,
		DNSAddress: in.dns.Addrs()[0].String(),
	}
	for _, s := range servers {
		i.Upstreams = append(i.Upstreams, s.String())
	}
	for _, c := range in.cidrs {
		i.ServiceCIDRs = append(i.ServiceCIDRs, c.String())
	}
	return i
}

// banner tells a person where everything is.
func (in *instance) banner() {
	s := in.engine.Snapshot()
	dns := in.dns.Addrs()[0]
	if in.quiet {
		in.log.Info("serving", "services", len(s.Services), "dns", dns, "http", in.page.Addr().String(), "paths", in.paths)
		return
	}
	at := "@" + dns.Addr().String()
	if dns.Port() != 53 {
		at += fmt.Sprintf(" -p %d", dns.Port())
	}
	fmt.Fprintf(in.stdout, "fairlead %s serves %s\n", versionText(), plural(len(s.Services), "service"))
	fmt.Fprintf(in.stdout, "  DNS          %s\n", dns)
	fmt.Fprintf(in.stdout, "  status page  http://%s\n", clientAddress(in.page.Addr().String()))
	if len(s.Services) > 0 {
		key := s.Services[0].Service.Key
		fmt.Fprintf(in.stdout, "  try          dig %s %s.%s.svc.%s\n", at, key.Name, key.Namespace, s.Domain)
	}
}

// clientAddress is where a client on this machine reaches a listen address:
// every address of the machine is reached by loopback.
func clientAddress(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listen
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
