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
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"fairlead.dev/test/cluster"
	"fairlead.dev/test/world"
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
	build, node, detach, down, env, outside bool
	upstream, state, world                  string
	hosts                                   []string
	with                                    int
}

func parse() flags {
	var f flags
	flag.BoolVar(&f.build, "build", false, "build the programs into the cache, start nothing")
	flag.BoolVar(&f.node, "node", false, "with a node that runs Pods, which needs root")
	flag.BoolVar(&f.detach, "detach", false, "return once it is up, and leave it running")
	flag.BoolVar(&f.down, "down", false, "end what -detach has left running")
	flag.BoolVar(&f.env, "env", false, "print what lets a shell use what -detach has left running, for eval")
	flag.StringVar(&f.world, "world", "", "with the world outside that docs/walkthrough.md tells of, and its images from this `folder`, where make walkthrough-up builds them; needs -node and -detach")
	flag.BoolVar(&f.outside, "outside", false, "do to that world what the arguments say; without any, list what stands where")
	flag.StringVar(&f.state, "state", os.Getenv("CLUSTER_STATE"), "`folder` that -detach and the commands after it share, CLUSTER_STATE or in the user's cache if not set")
	with, _ := strconv.Atoi(os.Getenv("CLUSTER_WITH")) // a number, or nothing
	flag.IntVar(&f.with, "with", with, "`process` with which what -detach starts ends, CLUSTER_WITH if not set, 0 for none")
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
	if f.build {
		return cluster.Build(ctx, os.Stderr)
	}
	if f.world != "" && !(f.node && f.detach) {
		return errors.New("-world needs -node and -detach")
	}
	at, err := newPlace(f.state)
	switch {
	case err != nil:
		return err
	case f.down:
		return at.down(ctx)
	case f.env:
		return at.printEnv(os.Stdout)
	case f.outside:
		return at.outside(ctx, flag.Args())
	case !f.detach:
		return serve(ctx, f, at, func(text, _ string) error {
			_, err := fmt.Printf("%s# Interrupt to end all of it.\n", text)
			return err
		})
	case os.Getenv(daemonEnv) == "":
		return at.detach(ctx)
	}
	return at.daemon(func() error { return serve(endWith(ctx, f.with), f, at, at.announce) })
}

// serve runs the cluster and announces how to use it once that is possible: to
// people, and to a shell.
func serve(ctx context.Context, f flags, at place, announce func(text, env string) error) (err error) {
	opts := cluster.Options{Node: f.node, DNS: cluster.DNS{Upstream: f.upstream}}
	if f.world != "" {
		opts.OutsideZones = world.Zones()
	}
	c, err := cluster.Up(ctx, opts, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	text, env, stop, err := equip(ctx, f, at, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := announce(text, env); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// equip adds what a person asked for beside the cluster, and says how to use
// all of it.
func equip(ctx context.Context, f flags, at place, c *cluster.Cluster) (text, env string, stop func() error, err error) {
	text, env, stop = welcome(c), environment(c), func() error { return nil }
	var more string
	switch {
	case f.world != "":
		var function string
		more, function, stop, err = at.startWorld(ctx, f.world, c)
		env += function
	case f.node:
		more, err = furnish(ctx, c, f.hosts)
	}
	return text + more, env, stop, err
}

func welcome(c *cluster.Cluster) string {
	return fmt.Sprintf("export KUBECONFIG=%s\nalias kubectl=%s\n# CoreDNS answers on %s.\n", c.Kubeconfig(), c.Bin("kubectl"), c.DNSAddr())
}

// environment is for a shell to evaluate.
func environment(c *cluster.Cluster) string {
	return fmt.Sprintf("export KUBECONFIG=%s KUBECACHEDIR=%s KUBERC=off PATH=%s:$PATH\n",
		c.Kubeconfig(), filepath.Join(filepath.Dir(c.Kubeconfig()), "kubectl-cache"), filepath.Dir(c.Bin("kubectl")))
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
