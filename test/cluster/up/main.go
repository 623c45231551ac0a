//go:build linux

// Command up runs a real Kubernetes for a person to try things on: the control
// tier, or with -node one with a node that runs Pods and hosts outside it. It
// ends when it is interrupted, or with -detach when -down says so, and keeps
// nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
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

// flags are what the person asks for.
type flags struct {
	build, node, detach, down bool
	upstream, state           string
	hosts                     []string
}

func parse() flags {
	var f flags
	flag.BoolVar(&f.build, "build", false, "build the programs into the cache, start nothing")
	flag.BoolVar(&f.node, "node", false, "with a node that runs Pods, which needs root")
	flag.BoolVar(&f.detach, "detach", false, "return once it is up, and leave it running")
	flag.BoolVar(&f.down, "down", false, "end what -detach has left running")
	flag.StringVar(&f.state, "state", "", "`folder` that -detach and -down share, the user's cache if not set")
	flag.StringVar(&f.upstream, "upstream", "", "`address` that CoreDNS forwards names outside the cluster to")
	flag.Func("host", "`name=address` of a host outside the cluster, 10.0.1.25 for instance; may be repeated; needs -node", func(s string) error {
		if !strings.Contains(s, "=") {
			return fmt.Errorf("%q is not name=address", s)
		}
		f.hosts = append(f.hosts, s)
		return nil
	})
	flag.Parse()
	return f
}

func run(ctx context.Context) error {
	f := parse()
	switch {
	case f.build:
		return cluster.Build(ctx, os.Stderr)
	case !f.down && !f.detach:
		return serve(ctx, f, func(text string) error {
			_, err := fmt.Printf("%s# Interrupt to end all of it.\n", text)
			return err
		})
	}
	at, err := newPlace(f.state)
	switch {
	case err != nil:
		return err
	case f.down:
		return at.down(ctx)
	case os.Getenv(daemonEnv) == "":
		return at.detach(ctx)
	}
	return at.daemon(func() error { return serve(ctx, f, at.announce) })
}

// serve runs the cluster and announces how to use it once that is possible.
func serve(ctx context.Context, f flags, announce func(string) error) (err error) {
	c, err := cluster.Up(ctx, cluster.Options{Node: f.node, DNS: cluster.DNS{Upstream: f.upstream}}, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	text := welcome(c)
	if f.node {
		more, err := furnish(ctx, c, f.hosts)
		if err != nil {
			return err
		}
		text += more
	}
	if err := announce(text); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func welcome(c *cluster.Cluster) string {
	return fmt.Sprintf("export KUBECONFIG=%s\nalias kubectl=%s\n# CoreDNS answers on %s.\n", c.Kubeconfig(), c.Bin("kubectl"), c.DNSAddr())
}

// furnish adds what a person needs on a node: hosts outside, and an image with
// clients.
func furnish(ctx context.Context, c *cluster.Cluster, hosts []string) (string, error) {
	const image = "fairlead.test/tools:1"
	img, err := cluster.Tools(image, "curl", "dig", "psql")
	if err != nil {
		return "", err
	}
	if err := c.Import(ctx, img); err != nil {
		return "", err
	}
	text := fmt.Sprintf("# Images for Pods: %s; %s with curl, dig and psql (imagePullPolicy: Never).\n", cluster.BusyboxImage, image)
	text += fmt.Sprintf("# On the node (%s): %s\n", c.NodeAddr(), strings.Join(c.NodeHost().Enter(), " "))
	text += fmt.Sprintf("# Outside DNS, zone example.com: on the node, nsupdate after \"server %s\"\n", c.OutsideDNS().Updates())
	for _, h := range hosts {
		name, addr, _ := strings.Cut(h, "=")
		host, err := c.Outside().Host(name, addr)
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("# On host %s (%s): %s\n", name, addr, strings.Join(host.Enter(), " "))
	}
	return text, nil
}
