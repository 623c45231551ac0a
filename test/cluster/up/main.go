//go:build linux

// Command up runs the control tier of a real Kubernetes until it is
// interrupted, for a person to try things on. It has no node and keeps nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"fairlead.dev/test/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "up:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	buildOnly := flag.Bool("build", false, "build the programs into the cache, start nothing")
	upstream := flag.String("upstream", "", "`address` that CoreDNS forwards names outside the cluster to")
	flag.Parse()
	if *buildOnly {
		return cluster.Build(ctx, os.Stderr)
	}
	c, err := cluster.Up(ctx, cluster.Options{DNS: cluster.DNS{Upstream: *upstream}}, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%s\nalias kubectl=%s\n# CoreDNS answers on %s. Interrupt to end all of it.\n",
		c.Kubeconfig(), c.Bin("kubectl"), c.DNSAddr())
	<-ctx.Done()
	return c.Stop()
}
