//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"
)

// Options says what differs from the default tier. The zero value is useful.
type Options struct {
	// Node adds the node tier: one Ready node that runs Pods, and the world
	// outside it. It needs root; see NodeAddr and Outside for what is where.
	Node bool
	// ServiceCIDR is the range of ClusterIPs. If not set it is 127.96.0.0/16,
	// so that a ClusterIP can be bound on the machine itself, or 10.96.0.0/16
	// with a node.
	ServiceCIDR netip.Prefix
	// ServiceCIDR6, if set, lets Services have IPv6 addresses, too: a range of
	// at most 20 bits, fd00:10:96::/112 for instance. It is for the API: Pods
	// have IPv4 addresses only.
	ServiceCIDR6 netip.Prefix
	// Controllers names controllers of kube-controller-manager to run, for
	// instance "endpointslice-mirroring-controller" or "namespace-controller".
	// Without any, kube-controller-manager is not started, but with a node
	// those that Pods need are.
	Controllers []string
	// AdmissionPlugins names admission plugins of kube-apiserver to run beside
	// those that are on by default, "OwnerReferencesPermissionEnforcement" for
	// instance.
	AdmissionPlugins []string
	// OutsideZones are what the outside DNS server of the node tier is
	// authoritative for, example.com if not set.
	OutsideZones []string
	// DNS says how CoreDNS is set up.
	DNS DNS
}

// DNS is the part of Options about CoreDNS.
type DNS struct {
	// Addr is the loopback address and port to answer on, 127.0.0.1:0 if not
	// set. Port 0 stands for a free one. With a node it cannot be chosen.
	Addr netip.AddrPort
	// Zone is the cluster's domain, cluster.local if empty.
	Zone string
	// Upstream is an address, or several with spaces between, that names
	// outside the zone are forwarded to. If empty they are refused, but with a
	// node the outside DNS server is asked.
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
	if o.Node {
		o = o.withNodeDefaults()
	}
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
	if o.Node && os.Geteuid() != 0 {
		return errors.New("cluster: a node needs root; without one (Options.Node) the control tier does not")
	}
	if o.Node && o.DNS.Addr != nodeDNS() {
		return fmt.Errorf("cluster: DNS.Addr %s: with a node it is %s; do not set it", o.DNS.Addr, nodeDNS())
	}
	if p := o.ServiceCIDR6; p.IsValid() && (!p.Addr().Is6() || p.Bits() < 108) {
		return fmt.Errorf("cluster: ServiceCIDR6 %s is not an IPv6 range of at most 20 bits; use fd00:10:96::/112", p)
	}
	if a := o.DNS.Addr.Addr(); !o.Node && (!a.Is4() || !a.IsLoopback()) {
		return fmt.Errorf("cluster: DNS.Addr %s is not an IPv4 loopback address; use one in 127.0.0.0/8", a)
	}
	if o.DNS.TTL%time.Second != 0 || o.DNS.TTL < 0 {
		return fmt.Errorf("cluster: DNS.TTL %s: CoreDNS counts in whole seconds; round it", o.DNS.TTL)
	}
	return nil
}

// serviceRanges is what the API server takes ClusterIPs from, IPv4 first.
func (o Options) serviceRanges() string {
	if !o.ServiceCIDR6.IsValid() {
		return o.ServiceCIDR.String()
	}
	return o.ServiceCIDR.String() + "," + o.ServiceCIDR6.String()
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
