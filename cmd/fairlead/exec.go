package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlead.dev/internal/podenv"
	"fairlead.dev/internal/table"
	"fairlead.dev/internal/wire"
)

// enterName is the hidden subcommand by which exec starts itself again.
const enterName = "pod-enter"

// failed is the exit code when exec itself fails, as env(1) has it.
const failed = 125

func execCommand() *cobra.Command {
	var namespace, address string
	cmd := &cobra.Command{
		Use:   "exec -n NAMESPACE [flags] [--] COMMAND [ARG...]",
		Short: "Run a program as if it were a Pod in a namespace",
		Long: `Run a program as if it were a Pod in a namespace of the running instance: its
/etc/resolv.conf is a Pod's, so that services are found by their in-cluster
names. Nothing else of the machine changes, and nothing for other programs.
Signals and the exit code are the program's; where exec itself fails it exits
with 125, 126 or 127, as env(1) does.`,
		Example: `  # The same command reaches another database in another namespace
  fairlead exec -n reporting -- psql -h analytics-db -c 'SHOW cluster_name'
  fairlead exec -n reporting-test -- psql -h analytics-db -c 'SHOW cluster_name'

  # A shell to look around
  fairlead exec -n reporting -- bash`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, errors.New("exec needs a command: fairlead exec -n NAMESPACE -- COMMAND"))
			}
			status, err := podSpec(cmd, address, namespace, args)
			if err != nil {
				return &exitError{code: failed, err: err}
			}
			return runPod(status)
		},
	}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "default", "`namespace` to be in")
	cmd.Flags().StringVar(&address, "http-address", defaultHTTP, "`address` of the instance's status page")
	return cmd
}

// podSpec asks the running instance what a Pod of the namespace needs to know.
func podSpec(cmd *cobra.Command, address, namespace string, args []string) (podenv.Spec, error) {
	client := &http.Client{Timeout: 10 * time.Second}
	status, err := table.Fetch(cmd.Context(), client, clientAddress(address))
	if err != nil {
		return podenv.Spec{}, err
	}
	if !slices.Contains(status.Namespaces, namespace) {
		return podenv.Spec{}, unknownNamespace(namespace, status)
	}
	dns, err := netip.ParseAddrPort(status.Info.DNSAddress)
	if err != nil {
		return podenv.Spec{}, fmt.Errorf("the instance at %s does not say where it serves DNS: is its version %s older than this one's?", address, status.Info.Version)
	}
	return podenv.Spec{
		Namespace: namespace, Domain: status.Domain, DNS: dns, Args: args, Reexec: []string{enterName},
	}, nil
}

func unknownNamespace(name string, s wire.Status) error {
	return fmt.Errorf("there is no namespace %q: a manifest must name it; there are %s", name, strings.Join(s.Namespaces, ", "))
}

func runPod(spec podenv.Spec) error {
	status, err := podenv.Run(spec)
	if err == nil {
		status.Die()
	}
	if err == nil && status.Code == 0 {
		return nil
	}
	return &exitError{code: status.Code, err: err}
}

func enterCommand() *cobra.Command {
	return &cobra.Command{
		Use:                enterName,
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			status, err := podenv.Enter(args)
			return &exitError{code: status.Code, err: err}
		},
	}
}
