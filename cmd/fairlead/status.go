package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/table"
)

// fetchTimeout bounds how long a running instance may take to say what it serves.
const fetchTimeout = 10 * time.Second

func statusCommand() *cobra.Command {
	var namespace, output, address string
	cmd := &cobra.Command{
		Use:   "status [NAME] [flags]",
		Short: "Print what a running instance serves",
		Long: `Print what a running instance serves, be it fairlead run or fairlead controller: a
line for each service, or one service in detail, with its targets, what probes say
of each endpoint, its conditions and its last transitions.`,
		Example: `  fairlead status
  fairlead status -n reporting -o wide
  fairlead status -n reporting analytics-db
  fairlead status -o json

  # What a controller in a cluster serves
  kubectl -n fairlead-system port-forward service/fairlead-controller 8053 &
  fairlead status`,
		Args: atMostOne("a service's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			format, err := table.ParseFormat(output)
			if err != nil {
				return usage(cmd, err)
			}
			client := &http.Client{Timeout: fetchTimeout}
			status, err := table.Fetch(cmd.Context(), client, clientAddress(address))
			if err != nil {
				return err
			}
			o := table.Options{Namespace: namespace, Near: convert.Nearest, Format: format, Now: time.Now()}
			if len(args) > 0 {
				o.Name = args[0]
			}
			return table.Write(cmd.OutOrStdout(), status, o)
		},
	}
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "only this `namespace` (default all)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`format`: wide, json or yaml (default a table)")
	cmd.Flags().StringVar(&address, "http-address", defaultHTTP, "`address` of the instance's status page")
	return cmd
}

// atMostOne takes one argument or none.
func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= 1 {
			return nil
		}
		return usage(cmd, fmt.Errorf("%s takes %s at most, not %d arguments", cmd.Name(), what, len(args)))
	}
}
