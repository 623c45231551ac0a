package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the Makefile; `go install` leaves it to the build info.
var version string //nolint:gochecknoglobals // the linker needs a variable

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "fairlead",
		Short: "Stable names and addresses for services outside the cluster",
		Long: `Fairlead gives services that live outside a Kubernetes cluster (managed
databases, VMs with only an IP, partners' APIs) a stable name and address inside
it, and the same on one machine without a cluster.`,
		Example: `  # Serve what manifests say: DNS, virtual IPs and load balancing on this machine
  fairlead run examples/

  # Run a program as if it were a Pod in a namespace of it
  fairlead exec -n reporting -- psql -h analytics-db

  # See what is served
  fairlead status`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(usage)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(runCommand(), execCommand(), enterCommand(), statusCommand(), versionCommand())
	return root
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
