// Standins plays the world outside of the examples: databases, HTTP APIs and a
// DNS server on loopback addresses. It starts them, prints what stands where,
// and serves until it is told to stop. Fairlead does not need it; people who try
// Fairlead do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"fairlead.dev/internal/standin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx ends. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("standins", flag.ContinueOnError)
	flags.SetOutput(stderr)
	zone := flags.String("zone", "examples/outside.zone", "`file` that the DNS server answers from; read again when it changes")
	network := flags.String("network", standin.Home().String(), "`network` to stand in, where 127.10.0.0/16 is taken")
	cert := flags.String("write-certificate", "", "`file` to write the certificate of the HTTPS servers to")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "standins: %q is not a flag; see standins --help\n", flags.Arg(0))
		return 2
	}
	if err := serve(ctx, *network, *zone, *cert, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "standins: %v\n", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, network, zone, cert string, stdout, stderr io.Writer) error {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return fmt.Errorf("name a network such as 127.11.0.0/16: %w", err)
	}
	c, err := standin.Default(prefix.Masked(), zone)
	if err != nil {
		return err
	}
	c.Log = func(line string) { fmt.Fprintf(stderr, "standins: %s\n", line) }
	o, err := standin.Start(c)
	if err != nil {
		return err
	}
	if cert != "" {
		err = os.WriteFile(cert, o.Certificate(), 0o644)
	}
	if err == nil {
		err = o.Print(stdout)
	}
	if err != nil {
		return errors.Join(err, o.Close())
	}
	<-ctx.Done()
	return o.Close()
}
