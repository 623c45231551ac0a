//go:build linux

// Package cluster runs a real Kubernetes for tests, in seconds. The control
// tier is etcd, kube-apiserver and CoreDNS on loopback addresses, without root;
// nothing schedules or carries traffic there. The node tier (Options.Node) adds
// kubelet, containerd, kube-proxy and kube-scheduler, so that real Pods run,
// and the world outside the cluster: hosts with their own addresses and a DNS
// server that can be told to fail. All of it stands in namespaces that die with
// the test; the machine's own network is never touched. The package knows
// nothing of Fairlead.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// startTimeout bounds everything after the build.
const startTimeout = 90 * time.Second

// Cluster is a running tier. Its methods may be called concurrently.
type Cluster struct {
	work     *workdir
	programs programs
	api      *apiClient
	dnsAddr  netip.AddrPort
	dnsZone  string
	node     *node // nil without one
	mu       sync.Mutex
	parts    []*process
	held     []*reservation
	stop     func() error
	marks    markers
}

// Up builds what is not built yet, starts the tier and returns once the API
// server is ready and CoreDNS answers. A cold build takes minutes and tells
// log about it. ctx bounds the start only; the caller ends the tier with Stop.
func Up(ctx context.Context, opts Options, log io.Writer) (*Cluster, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	built, err := build(ctx, opts, log)
	if err != nil {
		return nil, err
	}
	work, err := newWorkdir()
	if err != nil {
		return nil, err
	}
	c := &Cluster{work: work, programs: built, dnsZone: opts.DNS.Zone}
	c.stop = sync.OnceValue(c.teardown)

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.startAll(ctx, opts); err != nil {
		err = fmt.Errorf("cluster: %w\n%s", err, c.LogTail(15))
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// startAll starts the parts in the order they need each other.
func (c *Cluster) startAll(ctx context.Context, opts Options) error {
	if opts.Node {
		return c.startNode(ctx, opts)
	}
	at, err := c.onLoopback()
	if err != nil {
		return err
	}
	if err := c.startControlPlane(ctx, opts, at); err != nil {
		return err
	}
	return c.startDNS(ctx, opts.DNS)
}

// Stop ends every process this cluster started and removes its files. It may
// be called more than once.
func (c *Cluster) Stop() error {
	return c.stop()
}

func (c *Cluster) teardown() error {
	for _, p := range slices.Backward(c.running()) {
		p.kill()
	}
	for _, r := range c.held {
		r.release()
	}
	return errors.Join(c.node.remove(), c.work.remove())
}

// Kubeconfig is the path of a kubeconfig whose user may do everything.
func (c *Cluster) Kubeconfig() string {
	return c.work.path("kubeconfig")
}

// Bin is the path of a program of this tier: etcd, kube-apiserver,
// kube-controller-manager, kubectl or coredns; with a node kube-scheduler,
// kubelet, kube-proxy, containerd or ctr, too.
func (c *Cluster) Bin(name string) string {
	switch name {
	case "coredns":
		return c.programs.coredns
	case "containerd", "ctr":
		return filepath.Join(filepath.Dir(c.programs.containerd), name)
	}
	return filepath.Join(filepath.Dir(c.programs.kube), name)
}

// APIServer is the base URL of the API server.
func (c *Cluster) APIServer() string {
	return c.api.base
}

// DNSAddr is where CoreDNS answers over UDP and TCP. With a node the machine
// reaches it by Dial only.
func (c *Cluster) DNSAddr() netip.AddrPort {
	return c.dnsAddr
}

// launch starts one part and remembers it for Stop.
func (c *Cluster) launch(s spec) (*process, error) {
	s.log = c.work.path(s.name + ".log")
	if c.node != nil && s.enter == nil {
		s.enter = c.node.onNetwork()
	}
	p, err := startProcess(s)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts = append(c.parts, p)
	return p, nil
}

// running are the parts of now.
func (c *Cluster) running() []*process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.parts)
}

// LogTail returns the last lines of every part's log, for a failed test.
func (c *Cluster) LogTail(lines int) string {
	var out string
	for _, p := range c.running() {
		data, err := os.ReadFile(p.log)
		if err != nil {
			continue // the part never opened its log
		}
		out += fmt.Sprintf("--- %s (last lines of its log)\n%s\n", p.name, tail(data, lines))
	}
	return out
}
