package main

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"fairlead.dev/internal/table"
)

func statusCommand() *cobra.Command {
	var namespace, output, address string
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Print what a running instance serves",
		Example: `  fairlead status
  fairlead status -n reporting -o wide
  fairlead status -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := table.ParseFormat(output)
			if err != nil {
				return usage(cmd, err)
			}
			client := &http.Client{Timeout: 10 * time.Second}
			status, err := table.Fetch(cmd.Context(), client, clientAddress(address))
			if err != nil {
				return err
			}
			return table.Write(cmd.OutOrStdout(), status, table.Options{Namespace: namespace, Format: format, Now: time.Now()})
		},
	}
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "only this `namespace` (default all)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`format`: wide, json or yaml (default a table)")
	cmd.Flags().StringVar(&address, "http-address", defaultHTTP, "`address` of the instance's status page")
	return cmd
}
