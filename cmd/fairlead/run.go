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
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"fairlead.dev/internal/vip"
)

// defaultHTTP is where the status page is served, and where status and exec
// look for it.
const defaultHTTP = "127.0.0.1:8053"

// runFlags are the flags of `fairlead run` as they are written.
type runFlags struct {
	dnsListen    string
	serviceCIDR  []string
	domain       string
	upstream     []string
	httpListen   string
	logFormat    string
	verbose      bool
	drainTimeout time.Duration
}

func runCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] PATH...",
		Short: "Serve manifests on this machine: names, virtual IPs, load balancing",
		Long: `Read every YAML and JSON document in the files and folders named, keep watching
them, and serve what they say until told to stop:

  DNS          names of Services as in a cluster, and everything else from the
               outside resolvers
  virtual IPs  one for each Service of type ClusterIP, from --service-cidr
  relay        TCP and UDP behind them, spread over the ready endpoints
  status page  on --http-listen, with /metrics, /healthz and /readyz

Kinds that count: Namespace, Service (ExternalName, ClusterIP without selector,
headless), Endpoints, EndpointSlice, ExternalService (fairlead.dev/v1alpha1), and
Secrets that let probes log in with them.`,
		Example: `  # Serve a folder, and ask for a name in it
  fairlead run examples/reporting
  dig @127.96.0.10 analytics-db.reporting.svc.cluster.local

  # Another outside resolver, and room for two instances
  fairlead run --upstream 10.0.0.2 --service-cidr 127.97.0.0/16 --http-listen 127.0.0.1:8054 manifests/

  # Dual stack: the IPv6 range must be local to this machine
  ip -6 route add local fd00:96::/112 dev lo
  fairlead run --service-cidr 127.96.0.0/16,fd00:96::/112 manifests/`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				return usage(cmd, errors.New("run needs at least one file or folder of manifests, as in: fairlead run manifests/"))
			}
			options, err := flags.options(cmd, paths)
			if err != nil {
				return usage(cmd, err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			// The first signal asks for an orderly end; with the handler gone, the
			// second one ends the process.
			context.AfterFunc(ctx, stop)
			collectSooner()
			return serve(ctx, options)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.dnsListen, "dns-listen", "", "`address` to serve DNS on, IP:PORT (default port 53 of the tenth address of --service-cidr; 5353 where that is not permitted)")
	f.StringSliceVar(&flags.serviceCIDR, "service-cidr", []string{"127.96.0.0/16"}, "`range` of the virtual IPs; one of each IP family")
	f.StringVar(&flags.domain, "cluster-domain", "cluster.local", "`domain` of the cluster's names")
	f.StringSliceVar(&flags.upstream, "upstream", nil, "outside DNS `server`, IP or IP:PORT; several are tried in turn (default those in /etc/resolv.conf)")
	f.StringVar(&flags.httpListen, "http-listen", defaultHTTP, "`address` of the status page, /metrics, /healthz and /readyz")
	f.StringVar(&flags.logFormat, "log-format", "text", "`format` of the log: text or json")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "log what goes well, too")
	f.DurationVar(&flags.drainTimeout, "drain-timeout", 10*time.Second, "how long connections may run on when told to stop")
	return cmd
}

// options checks the flags and turns them into what serve needs.
func (f *runFlags) options(cmd *cobra.Command, paths []string) (serveOptions, error) {
	o := serveOptions{
		paths: paths, drain: f.drainTimeout, dnsFallback: f.dnsListen == "",
		stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr(), quiet: f.logFormat == "json",
	}
	o.domain = strings.ToLower(strings.TrimSuffix(f.domain, "."))
	if errs := validation.IsDNS1123Subdomain(o.domain); len(errs) > 0 {
		return o, fmt.Errorf("--cluster-domain %q is not a DNS domain: write one like cluster.local", f.domain)
	}
	var err error
	if o.cidrs, err = parseCIDRs(f.serviceCIDR); err != nil {
		return o, err
	}
	o.dns = netip.AddrPortFrom(vip.DNSAddr(o.cidrs[0]), 53)
	if f.dnsListen != "" {
		if o.dns, err = netip.ParseAddrPort(f.dnsListen); err != nil || o.dns.Addr().IsUnspecified() {
			return o, fmt.Errorf("--dns-listen %q: write an IP address of this machine and a port, like 127.96.0.10:5353", f.dnsListen)
		}
	}
	if _, _, err := net.SplitHostPort(f.httpListen); err != nil {
		return o, fmt.Errorf("--http-listen %q: write an address and a port, like %s", f.httpListen, defaultHTTP)
	}
	o.http = f.httpListen
	switch {
	case f.drainTimeout < 0:
		return o, fmt.Errorf("--drain-timeout %s is negative: write a duration like 10s, or 0 to cut connections at once", f.drainTimeout)
	case f.drainTimeout == 0:
		o.drain = -1
	}
	if o.upstreams, err = parseServers(f.upstream); err != nil {
		return o, err
	}
	if o.log, err = logger(f.logFormat, f.verbose, o.stderr); err != nil {
		return o, err
	}
	return o, nil
}

func parseCIDRs(texts []string) ([]netip.Prefix, error) {
	var cidrs []netip.Prefix
	for _, s := range texts {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("--service-cidr %q is not a range: write one like 127.96.0.0/16", s)
		}
		if err := vip.Check(p); err != nil {
			return nil, fmt.Errorf("--service-cidr: %w", err)
		}
		if slices.ContainsFunc(cidrs, func(o netip.Prefix) bool { return o.Addr().Is4() == p.Addr().Is4() }) {
			return nil, fmt.Errorf("--service-cidr names two ranges of one IP family: keep one, %s or another", p)
		}
		cidrs = append(cidrs, p)
	}
	if len(cidrs) == 0 {
		return nil, errors.New("--service-cidr is empty: write a range like 127.96.0.0/16")
	}
	return cidrs, nil
}

func logger(format string, verbose bool, w interface{ Write([]byte) (int, error) }) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if verbose {
		options.Level = slog.LevelDebug
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format %q: write text or json", format)
}
