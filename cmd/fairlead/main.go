// Command fairlead gives services that live outside a Kubernetes cluster a
// stable name and address.
//
// This package is flags, wiring and exit codes and nothing else: main.go runs
// the command, every other file is one subcommand or one part of wiring it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program and returns its exit code: 0, 1 if something failed, 2
// if the command line is wrong, or what a subcommand asks for.
func run(args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(context.Background())
	var exit *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintf(stderr, "fairlead: %v\n", exit.err)
		}
		if exit.see != "" {
			fmt.Fprintf(stderr, "see: %s --help\n", exit.see)
		}
		return exit.code
	}
	fmt.Fprintf(stderr, "fairlead: %v\n", err)
	return 1
}

// exitError is an error with an exit code of its own. A nil err says nothing.
type exitError struct {
	code int
	err  error
	see  string // the command whose help helps
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage marks an error of the command line.
func usage(cmd *cobra.Command, err error) error {
	return &exitError{code: 2, err: err, see: cmd.CommandPath()}
}
