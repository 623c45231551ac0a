package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"fairlead.dev/internal/kube"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/resolve"
)

// leaseName is the name of the Lease of the leader election.
const leaseName = "fairlead-controller"

// controllerFlags are the flags of `fairlead controller` as they are written.
type controllerFlags struct {
	kubeconfig     string
	leaderElect    bool
	leaseNamespace string
	domain         string
	upstream       []string
	forbid         []string
	gateway        string
	httpListen     string
	logFormat      string
	verbose        bool
}

func controllerCommand() *cobra.Command {
	var flags controllerFlags
	cmd := &cobra.Command{
		Use:   "controller [flags]",
		Short: "Keep the ExternalServices of a Kubernetes cluster true",
		Long: `Watch the ExternalServices of a cluster, and plain Services that carry the
annotation fairlead.dev/hostname, and keep a Service and EndpointSlices for each:
resolved at the pace of their TTL, written only when a client would notice.

Several replicas elect a leader; the others wait, with warm caches. What is
published survives a restart, also one while the outside DNS is down.`,
		Example: `  # In a Pod: deploy/chart does this
  fairlead controller --log-format json

  # Outside of a cluster, for a try
  fairlead controller --kubeconfig ~/.kube/config --leader-elect=false`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.options(cmd)
			if err != nil {
				return usage(cmd, err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second signal ends the process
			collectSooner()
			return control(ctx, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.kubeconfig, "kubeconfig", "", "`file` that says where the API server is (default $KUBECONFIG, ~/.kube/config, or the Pod's service account)")
	f.BoolVar(&flags.leaderElect, "leader-elect", true, "let one of several replicas lead; without it this process believes to be alone")
	f.StringVar(&flags.leaseNamespace, "leader-election-namespace", "", "`namespace` of the Lease "+leaseName+" (default the Pod's)")
	f.StringVar(&flags.domain, "cluster-domain", "cluster.local", "`domain` of the cluster's names")
	f.StringSliceVar(&flags.upstream, "upstream", nil, "outside DNS `server`, IP or IP:PORT; several are tried in turn (default those in /etc/resolv.conf)")
	f.StringSliceVar(&flags.forbid, "forbid-cidr", nil, "`range` of addresses that are never published, beside the cluster's ServiceCIDRs")
	f.StringVar(&flags.gateway, "gateway-service", "", "`NAMESPACE/NAME` of the Service of the gateway's Pods; without it a service with spec.gateway is refused")
	f.StringVar(&flags.httpListen, "http-listen", ":8053", "`address` of the status page, /metrics, /healthz and /readyz")
	f.StringVar(&flags.logFormat, "log-format", "text", "`format` of the log: text or json")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "log what goes well, too")
	return cmd
}

// options checks the flags and turns them into what control needs.
func (f *controllerFlags) options(cmd *cobra.Command) (controlOptions, error) {
	o := controlOptions{http: f.httpListen, leaderElect: f.leaderElect, started: time.Now()}
	o.domain = strings.ToLower(strings.TrimSuffix(f.domain, "."))
	if errs := validation.IsDNS1123Subdomain(o.domain); len(errs) > 0 {
		return o, fmt.Errorf("--cluster-domain %q is not a DNS domain: write one like cluster.local", f.domain)
	}
	if _, _, err := net.SplitHostPort(f.httpListen); err != nil {
		return o, fmt.Errorf("--http-listen %q: write an address and a port, like :8053", f.httpListen)
	}
	var err error
	if o.upstreams, err = parseServers(f.upstream); err != nil {
		return o, err
	}
	if o.forbid, err = parsePrefixes("--forbid-cidr", f.forbid); err != nil {
		return o, err
	}
	if f.gateway != "" {
		namespace, name, ok := strings.Cut(f.gateway, "/")
		if !ok || namespace == "" || name == "" {
			return o, fmt.Errorf("--gateway-service %q: write NAMESPACE/NAME, like fairlead-system/fairlead-gateway", f.gateway)
		}
		o.gateway = model.Key{Namespace: namespace, Name: name}
	}
	if o.log, err = logger(f.logFormat, f.verbose, cmd.ErrOrStderr()); err != nil {
		return o, err
	}
	if o.rest, o.namespace, err = kube.ClientConfig(f.kubeconfig, ""); err != nil {
		return o, err
	}
	o.rest.UserAgent = "fairlead/" + versionText()
	if f.leaseNamespace != "" {
		o.namespace = f.leaseNamespace
	}
	return o, nil
}

func parsePrefixes(flag string, texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range texts {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%s %q is not a range: write one like 10.0.0.0/8", flag, s)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

func parseServers(texts []string) ([]netip.AddrPort, error) {
	var all []netip.AddrPort
	var errs []error
	for _, s := range texts {
		server, err := resolve.ParseServer(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("--upstream: %w", err))
			continue
		}
		all = append(all, server)
	}
	return all, errors.Join(errs...)
}
