package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/kube"
	"fairlead.dev/internal/pin"
)

// How long a pin may take to be followed before that is told, and how often it is
// looked at.
const (
	followWait  = 5 * time.Second
	followPause = 100 * time.Millisecond
)

// switchFlags are the flags of `fairlead switch` as they are written.
type switchFlags struct {
	namespace, reason, output    string
	auto                         bool
	kubeconfig, context, address string
}

func switchCommand() *cobra.Command {
	var flags switchFlags
	cmd := &cobra.Command{
		Use:   "switch [-n NAMESPACE] SERVICE {TARGET | --auto} [flags]",
		Short: "Say which target of a service is published, or let probes decide",
		Long: `Pin an ExternalService to one of its targets, whatever probes say, or with --auto
let go of it, so that they decide again. Open connections stay where they are; new
ones move.

The pin is four annotations of the ExternalService (fairlead.dev/pin, pinned-by,
pin-reason, pinned-at), so that everybody sees who said what, and why. They are
written to the cluster of the kubeconfig, if there is one. With --http-address, or
where no cluster is configured, they are written to the manifest of a running
fairlead run, whose other text stays as it is.`,
		Example: `  # In a cluster: serve from the standby while the primary is maintained
  fairlead switch -n reporting analytics-db standby --reason 'maintenance of the primary'
  fairlead switch -n reporting analytics-db --auto

  # In a running fairlead run: its manifest is edited
  fairlead switch -n reporting analytics-db standby --http-address 127.0.0.1:8053`,
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := flags.request(args)
			if err != nil {
				return usage(cmd, err)
			}
			backend, err := flags.backend(cmd)
			if err != nil {
				return err
			}
			result, err := pin.Switch(cmd.Context(), backend, request)
			if err != nil {
				return err
			}
			for _, w := range result.Warnings {
				fmt.Fprintf(cmd.ErrOrStderr(), "fairlead: warning: %s\n", w)
			}
			if flags.output == "json" {
				return printJSON(cmd, result)
			}
			return result.Write(cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&flags.namespace, "namespace", "n", "", "`namespace` of the service (default that of the kubeconfig's context; in fairlead run the one that has such a service)")
	f.BoolVar(&flags.auto, "auto", false, "let probes decide again")
	f.StringVar(&flags.reason, "reason", "", "`text` that says why, for everybody to see")
	f.StringVarP(&flags.output, "output", "o", "", "`format`: json (default text)")
	f.StringVar(&flags.kubeconfig, "kubeconfig", "", "`file` that says where the API server is (default $KUBECONFIG, ~/.kube/config, or the Pod's service account)")
	f.StringVar(&flags.context, "context", "", "`context` of the kubeconfig (default its current one)")
	f.StringVar(&flags.address, "http-address", "", "`address` of the status page of a fairlead run whose manifest is to be edited ("+defaultHTTP+" where no cluster is configured)")
	return cmd
}

// request checks the command line.
func (f *switchFlags) request(args []string) (pin.Request, error) {
	r := pin.Request{
		Namespace: f.namespace, Reason: f.reason, Now: time.Now(), Near: convert.Nearest, Command: f.command(),
		Wait: followWait, Pause: followPause,
	}
	switch {
	case len(args) == 0:
		return r, errors.New("switch needs a service and a target, as in: fairlead switch -n reporting analytics-db standby")
	case f.auto && len(args) > 1:
		return r, errors.New("switch takes a target or --auto, not both: leave one of the two out")
	case !f.auto && len(args) == 1:
		return r, fmt.Errorf("switch needs a target of %s, or --auto to let probes decide", args[0])
	case len(args) > 2:
		return r, fmt.Errorf("switch takes a service and a target, not %d arguments", len(args))
	case f.auto && f.reason != "":
		return r, errors.New("--reason says why a service is pinned: leave it out with --auto")
	case f.output != "" && f.output != "json":
		return r, fmt.Errorf("unknown output format %q: use json, or leave it out for text", f.output)
	case f.address != "" && f.kubeconfig+f.context != "":
		return r, errors.New("--http-address is for a fairlead run, --kubeconfig and --context for a cluster: leave one of the two out")
	case f.address != "" && !onThisMachine(f.address):
		return r, fmt.Errorf("--http-address %s is another machine's, and switch edits a manifest of this one: run fairlead switch there, or write 127.0.0.1 and a port", f.address)
	}
	r.Name = args[0]
	if len(args) == 2 {
		r.Target = args[1]
	}
	return r, nil
}

// onThisMachine reports whether an address is one of this machine's, or has no host.
func onThisMachine(address string) bool {
	host, _, err := net.SplitHostPort(clientAddress(address))
	if err != nil {
		return true // it is told where it is asked
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host == "localhost"
	}
	own, _ := net.InterfaceAddrs() // without them the loopback ones are left
	return ip.Unmap().IsLoopback() || slices.ContainsFunc(own, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr() == ip.Unmap()
	})
}

// command is how the same service is reached again.
func (f *switchFlags) command() string {
	s := "fairlead switch"
	for _, flag := range []struct{ name, value string }{
		{"kubeconfig", f.kubeconfig}, {"context", f.context}, {"http-address", f.address},
	} {
		if flag.value != "" {
			s += " --" + flag.name + " " + flag.value
		}
	}
	return s
}

// backend is the cluster, if one is configured and no running instance is named.
func (f *switchFlags) backend(cmd *cobra.Command) (pin.Backend, error) {
	if f.address != "" {
		return newManifests(f.address), nil
	}
	config, namespace, err := kube.ClientConfig(f.kubeconfig, f.context)
	if err == nil {
		config.UserAgent = "fairlead/" + versionText()
		pins, err := kube.NewPins(config, namespace)
		return withUser{pins}, err
	}
	if f.kubeconfig+f.context == "" && kube.NoCluster(err) {
		return newManifests(defaultHTTP), nil
	}
	return nil, err
}

// withUser names the user of this machine where the backend does not know who asks.
type withUser struct{ *kube.Pins }

func (w withUser) Who(ctx context.Context) string {
	if who := w.Pins.Who(ctx); who != "" {
		return who
	}
	return localUser()
}
