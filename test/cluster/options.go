//go:build linux

package cluster

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Options says what differs from the default tier. The zero value is useful.
type Options struct {
	// ServiceCIDR is the range of ClusterIPs, 127.96.0.0/16 if not set, so
	// that a ClusterIP can be bound on the machine itself.
	ServiceCIDR netip.Prefix
	// Controllers names controllers of kube-controller-manager to run, for
	// instance "endpointslice-mirroring-controller" or "namespace-controller".
	// Without any, kube-controller-manager is not started.
	Controllers []string
	// DNS says how CoreDNS is set up.
	DNS DNS
}

// DNS is the part of Options about CoreDNS.
type DNS struct {
	// Addr is the loopback address and port to answer on, 127.0.0.1:0 if not
	// set. Port 0 stands for a free one.
	Addr netip.AddrPort
	// Zone is the cluster's domain, cluster.local if empty.
	Zone string
	// Upstream is an address, or several with spaces between, that names
	// outside the zone are forwarded to. If empty they are refused.
	Upstream string
	// Pods is the kubernetes plugin's mode: disabled, insecure (if empty) or
	// verified.
	Pods string
	// TTL is that of the zone's records, 5s if zero.
	TTL time.Duration
	// Corefile, if not empty, replaces the whole configuration; Upstream, Pods
	// and TTL are then unused. {$DNS_IP}, {$DNS_PORT}, {$DNS_ZONE} and
	// {$KUBECONFIG} in it are filled in by CoreDNS. It must answer for Zone.
	Corefile string
}

func (o Options) withDefaults() Options {
	if !o.ServiceCIDR.IsValid() {
		o.ServiceCIDR = netip.MustParsePrefix("127.96.0.0/16")
	}
	if !o.DNS.Addr.IsValid() {
		o.DNS.Addr = netip.MustParseAddrPort("127.0.0.1:0")
	}
	if o.DNS.Zone == "" {
		o.DNS.Zone = "cluster.local"
	}
	if o.DNS.Pods == "" {
		o.DNS.Pods = "insecure"
	}
	if o.DNS.TTL == 0 {
		o.DNS.TTL = 5 * time.Second
	}
	return o
}

func (o Options) validate() error {
	if a := o.DNS.Addr.Addr(); !a.Is4() || !a.IsLoopback() {
		return fmt.Errorf("cluster: DNS.Addr %s is not an IPv4 loopback address; use one in 127.0.0.0/8", a)
	}
	if o.DNS.TTL%time.Second != 0 || o.DNS.TTL < 0 {
		return fmt.Errorf("cluster: DNS.TTL %s: CoreDNS counts in whole seconds; round it", o.DNS.TTL)
	}
	return nil
}

// corefile has neither cache nor loadbalance, so that an answer is what the
// kubernetes plugin says now.
func (d DNS) corefile() string {
	if d.Corefile != "" {
		return d.Corefile
	}
	var b strings.Builder
	fmt.Fprintf(&b, ".:{$DNS_PORT} {\n\tbind {$DNS_IP}\n\terrors\n")
	fmt.Fprintf(&b, "\tkubernetes %s in-addr.arpa ip6.arpa {\n", d.Zone)
	fmt.Fprintf(&b, "\t\tkubeconfig {$KUBECONFIG}\n\t\tpods %s\n\t\tttl %d\n", d.Pods, int(d.TTL.Seconds()))
	fmt.Fprintf(&b, "\t\tfallthrough in-addr.arpa ip6.arpa\n\t}\n")
	if d.Upstream != "" {
		fmt.Fprintf(&b, "\tforward . %s\n", d.Upstream)
	}
	fmt.Fprintf(&b, "}\n")
	return b.String()
}
