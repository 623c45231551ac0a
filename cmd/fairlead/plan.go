package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/file"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/plan"
	"fairlead.dev/internal/table"
	"fairlead.dev/internal/wire"
)

// planFlags are the flags of `fairlead plan` as they are written.
type planFlags struct {
	namespace, to, output, address string
	lose                           []string
	auto                           bool
}

func planCommand() *cobra.Command {
	var flags planFlags
	cmd := &cobra.Command{
		Use:   "plan {FILE... | SERVICE {--lose WHAT | --switch TARGET | --auto}} [flags]",
		Short: "Show what would be published if something happened, without doing it",
		Long: `Show what a running instance, be it fairlead run or fairlead controller, would
publish: if manifests were applied, if targets or addresses of a service were lost
and came back, or if a person switched it. Nothing is done.

It is decided by the function that decides in the instance, of what the instance says
in public: what it has not looked up or probed is not known here either. Times are
those at most, by the service's intervals and thresholds.

The exit code is 0 if the plan is shown, whatever it says; 1 if it cannot be, or if a
manifest has errors; 2 if the command line is wrong.`,
		Example: `  # What happens to analytics-db if its primary dies, and comes back
  fairlead plan -n reporting analytics-db --lose primary
  fairlead plan -n reporting analytics-db --lose 10.0.1.25,10.0.1.26

  # What a switch would do
  fairlead plan -n reporting analytics-db --switch standby

  # What an edited manifest would change
  fairlead plan manifests/reporting.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.check(args); err != nil {
				return usage(cmd, err)
			}
			status, err := table.Fetch(cmd.Context(), &http.Client{Timeout: fetchTimeout}, clientAddress(flags.address))
			if err != nil {
				return err
			}
			if flags.aboutService() {
				return flags.service(cmd, status, args[0])
			}
			return flags.manifests(cmd, status, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&flags.namespace, "namespace", "n", "", "`namespace` of the service (default the one that has such a service)")
	f.StringSliceVar(&flags.lose, "lose", nil, "targets or addresses, `WHAT,WHAT`, that fail their probes")
	f.StringVar(&flags.to, "switch", "", "`target` that the service is switched to")
	f.BoolVar(&flags.auto, "auto", false, "the service is no longer pinned")
	f.StringVarP(&flags.output, "output", "o", "", "`format`: json (default a table)")
	f.StringVar(&flags.address, "http-address", defaultHTTP, "`address` of the instance's status page")
	return cmd
}

func (f *planFlags) aboutService() bool { return len(f.lose) > 0 || f.to != "" || f.auto }

// check checks the command line.
func (f *planFlags) check(args []string) error {
	given := 0
	for _, is := range []bool{len(f.lose) > 0, f.to != "", f.auto} {
		if is {
			given++
		}
	}
	switch {
	case f.output != "" && f.output != "json":
		return fmt.Errorf("unknown output format %q: use json, or leave it out for a table", f.output)
	case given > 1:
		return errors.New("plan shows one thing at a time: give one of --lose, --switch and --auto")
	case given == 1 && len(args) != 1:
		return errors.New("plan needs one service, as in: fairlead plan -n reporting analytics-db --lose primary")
	case given == 0 && len(args) == 0:
		return errors.New("plan needs manifests, or a service and what happens to it, as in: fairlead plan -n reporting analytics-db --lose primary")
	case given == 0 && f.namespace != "":
		return errors.New("manifests have their namespaces: leave -n out, or say what happens to the service with --lose, --switch or --auto")
	}
	return nil
}

// service plans for one service.
func (f *planFlags) service(cmd *cobra.Command, status wire.Status, name string) error {
	p, err := status.Find(f.namespace, name, convert.Nearest)
	if err != nil {
		return err
	}
	world := plan.NewWorld(status, time.Now())
	var out plan.Plan
	if len(f.lose) > 0 {
		out, err = world.Lose(p, f.lose, convert.Nearest)
	} else {
		out, err = world.Switch(p, f.to, convert.Nearest)
	}
	if err != nil {
		return err
	}
	if f.output == "json" {
		return printJSON(cmd, out)
	}
	return table.WritePlan(cmd.OutOrStdout(), out)
}

// manifests plans for what stands in files.
func (f *planFlags) manifests(cmd *cobra.Command, status wire.Status, paths []string) error {
	config := file.Config{Paths: paths, ClusterDomain: status.Domain}
	for _, c := range status.Info.ServiceCIDRs {
		if prefix, err := netip.ParsePrefix(c); err == nil {
			config.ServiceCIDRs = append(config.ServiceCIDRs, prefix)
		}
	}
	loader, err := file.New(config)
	if err != nil {
		return err
	}
	desired, err := loader.Load()
	if err != nil {
		return err
	}
	bad := 0
	for _, p := range desired.Problems {
		if p.Severity == model.Error {
			bad++
		}
		fmt.Fprintln(cmd.ErrOrStderr(), sentence(problemPlace(p), p))
	}
	applied := plan.NewWorld(status, time.Now()).Apply(desired.Services, sameFiles(paths, status.Info.Directory))
	if f.output == "json" {
		err = printJSON(cmd, applied)
	} else {
		err = table.WriteApplied(cmd.OutOrStdout(), applied)
	}
	if err == nil && bad > 0 {
		err = fmt.Errorf("the manifests have %s: what is refused is not in the plan", plural(bad, "error"))
	}
	return err
}

// sameFiles returns what says whether a file, as an instance names it whose relative
// paths begin in a folder, is one of the paths or below one.
func sameFiles(paths []string, directory string) func(string) bool {
	var all []string
	for _, p := range paths {
		if abs, err := filepath.Abs(p); err == nil {
			all = append(all, abs)
		}
	}
	return func(name string) bool {
		if name == "" {
			return false
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(directory, name)
		}
		for _, p := range all {
			if name == p || strings.HasPrefix(name, p+string(os.PathSeparator)) {
				return true
			}
		}
		return false
	}
}

func printJSON(cmd *cobra.Command, v any) error {
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	return e.Encode(v)
}
