package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the Makefile; `go install` leaves it to the build info.
var version string

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "fairlead",
		Short: "Stable names and addresses for services outside the cluster",
		Long: `Fairlead gives services that live outside a Kubernetes cluster (managed
databases, VMs with only an IP, partners' APIs) a stable name and address inside
it, and the same on one machine without a cluster.`,
		Example: `  # Serve what manifests say: DNS, virtual IPs and load balancing on this machine
  fairlead run examples/reporting

  # Run a program as if it were a Pod in a namespace of it
  fairlead exec -n reporting -- psql -h analytics-db

  # See what is served, and serve a database from its standby
  fairlead status
  fairlead switch -n reporting analytics-db standby --reason 'maintenance'`,
		SuggestionsMinimumDistance: 2,
		Version:                    versionText(),
		Args:                       knownCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:               true,
		SilenceErrors:              true,
	}
	root.SetFlagErrorFunc(usage)
	root.SetVersionTemplate("fairlead {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(runCommand(), controllerCommand(), gatewayCommand(), execCommand(), enterCommand(), statusCommand(), switchCommand(), planCommand(), versionCommand())
	return root
}

func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w: did you mean %s?", err, strings.Join(near, " or "))
	}
	return usage(cmd, err)
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "fairlead %s %s %s/%s\n", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
