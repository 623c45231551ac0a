//go:build linux

package cluster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// startDNS starts CoreDNS and waits until it knows the kubernetes Service.
func (c *Cluster) startDNS(ctx context.Context, opts DNS) error {
	c.dnsAddr = opts.Addr
	if c.node == nil {
		held, err := reserveBoth(opts.Addr)
		if err != nil {
			return err
		}
		c.held = append(c.held, held)
		c.dnsAddr = held.addr
	}
	coredns, err := c.launch(spec{
		name: "coredns",
		path: c.programs.coredns,
		args: []string{"-conf", c.work.path("Corefile")},
		env: []string{
			"DNS_IP=" + c.dnsAddr.Addr().String(),
			"DNS_PORT=" + strconv.Itoa(int(c.dnsAddr.Port())),
			"DNS_ZONE=" + opts.Zone,
			"KUBECONFIG=" + c.PartsKubeconfig(),
		},
	})
	if err != nil {
		return err
	}
	err = poll(ctx, 25*time.Millisecond, func(ctx context.Context) error {
		_, err := c.lookup(ctx, "kubernetes.default.svc."+opts.Zone+".")
		return err
	}, coredns)
	if err != nil {
		return fmt.Errorf("wait for coredns: %w", err)
	}
	return nil
}

// lookup asks this cluster's CoreDNS, and nobody else, for a name's IPv4
// addresses.
func (c *Cluster) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	resolver := net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return c.Dial(ctx, network, c.dnsAddr.String())
		},
	}
	return resolver.LookupNetIP(ctx, "ip4", name)
}

// WaitDNS returns once CoreDNS answers from everything that was applied
// before the call: Namespaces, Services and EndpointSlices. (Not Pods, which
// matter to the mode "verified" only.)
//
// CoreDNS follows each of the three kinds in its own watch, so it applies a
// marker of each, waits for the name that needs all three, and removes them
// again. A Corefile with the cache plugin delays this by its negative TTL, and
// one that serves some namespaces or labels only never sees the marker.
func (c *Cluster) WaitDNS(ctx context.Context) error {
	m := c.marks.next()
	if err := m.create(ctx, c.api); err != nil {
		return fmt.Errorf("cluster: apply the DNS marker: %w", err)
	}
	want := netip.MustParseAddr(advertised)
	err := poll(ctx, 5*time.Millisecond, func(ctx context.Context) error {
		got, err := c.lookup(ctx, m.host(c.dnsZone))
		if err != nil {
			return err
		}
		if !slices.Contains(got, want) {
			return fmt.Errorf("%s is %v, not %s", m.host(c.dnsZone), got, want)
		}
		return nil
	}, c.running()...)
	if err != nil {
		return fmt.Errorf("cluster: wait for CoreDNS to see the marker: %w", err)
	}
	if err := m.remove(ctx, c.api); err != nil {
		return fmt.Errorf("cluster: remove the DNS marker: %w", err)
	}
	return nil
}
