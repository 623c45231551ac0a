//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"fairlead.dev/test/lab"
)

// The network of the node tier. Hosts outside the cluster share the node's
// network and reach Pods without any translation of addresses.
const (
	nodeName    = "node"
	nodeAddr    = "10.0.1.10"
	outsideAddr = "10.0.1.53"
	podCIDR     = "10.244.0.0/24"
)

func nodeDNS() netip.AddrPort { return netip.MustParseAddrPort(nodeAddr + ":53") }

func (o Options) withNodeDefaults() Options {
	if !o.ServiceCIDR.IsValid() {
		o.ServiceCIDR = netip.MustParsePrefix("10.96.0.0/16")
	}
	if !o.DNS.Addr.IsValid() {
		o.DNS.Addr = nodeDNS()
	}
	if o.DNS.Upstream == "" {
		o.DNS.Upstream = outsideAddr
	}
	if len(o.OutsideZones) == 0 {
		o.OutsideZones = []string{"example.com"}
	}
	if len(o.Controllers) == 0 {
		o.Controllers = NodeControllers()
	}
	return o
}

// NodeControllers are the controllers that a node tier has unless Options say
// otherwise, but for those named: "endpointslice-controller" and its like,
// where a test is to be the only writer of slices.
func NodeControllers(without ...string) []string {
	all := []string{
		"clusterrole-aggregation-controller", "daemonset-controller", "deployment-controller", "disruption-controller",
		"endpoints-controller", "endpointslice-controller", "endpointslice-mirroring-controller",
		"garbage-collector-controller", "job-controller", "namespace-controller", "node-lifecycle-controller",
		"pod-garbage-collector-controller", "replicaset-controller", "root-ca-certificate-publisher-controller",
		"serviceaccount-controller", "statefulset-controller",
	}
	return slices.DeleteFunc(all, func(name string) bool { return slices.Contains(without, name) })
}

// node is what the node tier has beside processes.
type node struct {
	lab    *lab.Lab
	host   *lab.Host
	dns    *lab.FaultyDNS
	init   *process // of the namespaces that containers live in
	front  net.Listener
	cgroup string
}

// onNetwork enters the node's network and nothing else: a process keeps the
// machine's files.
func (n *node) onNetwork() []string { return n.host.Enter() }

// inside enters all of the node's namespaces. What it starts ends with it, and
// in any case with the node's init.
func (n *node) inside() []string {
	pid := strconv.Itoa(n.init.pid)
	return []string{"nsenter", "--target", pid, "--net", "--mount", "--pid", "--", "setpriv", "--pdeathsig=KILL", "--"}
}

// remove takes away what ends with no process.
func (n *node) remove() error {
	if n == nil {
		return nil
	}
	var err error
	if n.front != nil {
		err = n.front.Close()
	}
	n.lab.Close()
	return errors.Join(err, removeCgroups(n.cgroup))
}

// startNode starts the node tier around a control plane of its own.
func (c *Cluster) startNode(ctx context.Context, opts Options) error {
	if err := c.makeNode(); err != nil {
		return err
	}
	at, err := c.onNode()
	if err != nil {
		return err
	}
	err = together(
		func() error { return c.startOutsideDNS(opts.OutsideZones) },
		func() error { return c.startContainerd(ctx) },
		func() error { return c.startControlPlane(ctx, opts, at) },
	)
	if err != nil {
		return err
	}
	return together(
		func() error { return c.startDNS(ctx, opts.DNS) },
		func() error { return c.publishDNS(ctx, opts) },
		func() error { return c.startKubernetesNode(ctx, opts) },
	)
}

// makeNode makes the network, the namespaces and the control groups.
func (c *Cluster) makeNode() error {
	if err := os.Chmod(c.work.dir, 0o711); err != nil { // the outside servers have users of their own
		return err
	}
	dir := c.work.path("lab")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	l, err := lab.NewIn(dir)
	if err != nil {
		return err
	}
	c.node = &node{lab: l, cgroup: c.work.name()}
	if c.node.host, err = l.Host(nodeName, nodeAddr); err != nil {
		return err
	}
	if err := c.setNetwork(); err != nil {
		return err
	}
	return makeCgroups(c.node.cgroup)
}

// setNetwork makes a router of the node, which answers for its Pods.
func (c *Cluster) setNetwork() error {
	const script = `cd /proc/sys/net/ipv4 && echo 1 >ip_forward && echo 1 >conf/eth0/proxy_arp && echo 0 >neigh/eth0/proxy_delay`
	_, err := c.node.host.Output(context.Background(), "sh", "-c", script)
	return err
}

// onNode is the place of a control plane on the node. The machine reaches it
// through a relay, as the node's network is not the machine's.
func (c *Cluster) onNode() (place, error) {
	bind := netip.MustParseAddrPort(nodeAddr + ":6443")
	front, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return place{}, fmt.Errorf("listen for clients of the API server: %w", err)
	}
	c.node.front = front
	go relay(front, func() (net.Conn, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return c.Dial(ctx, "tcp", bind.String())
	})
	reach := front.Addr().(*net.TCPAddr).AddrPort()
	return place{bind: bind, advertise: nodeAddr, reach: reach}, nil
}

func (c *Cluster) startOutsideDNS(zones []string) error {
	host, err := c.node.lab.Host("dns", outsideAddr)
	if err != nil {
		return err
	}
	c.node.dns, err = host.FaultyDNS(zones...)
	return err
}

// startInit makes the mount and process namespaces of containers. Their first
// process ends with us, and all others end with it. It hides the folders of
// the machine that a node writes to, and the settings that a kubelet changes.
func (c *Cluster) startInit(ctx context.Context) error {
	const script = `set -e
mount --make-rprivate /
mount -t proc proc /proc
cd "$0"
for d in run var/lib var/log; do mkdir -p "root/$d"; mount --bind "root/$d" "/$d"; done
set_aside() { echo "$2" >"sysctl-$(basename $1)"; mount --bind "sysctl-$(basename $1)" /proc/sys/$1; }
set_aside vm/overcommit_memory 1
set_aside vm/panic_on_oom 0
set_aside kernel/panic 10
set_aside kernel/panic_on_oops 1
set_aside kernel/keys/root_maxkeys 1000000
set_aside kernel/keys/root_maxbytes 25000000
>init-ready
while :; do sleep infinity & wait; done
`
	var err error
	c.node.init, err = c.launch(spec{
		name: "node-init", path: "sh", args: []string{"-c", script, c.work.dir},
		ns: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
	})
	if err != nil {
		return err
	}
	err = poll(ctx, 5*time.Millisecond, func(context.Context) error {
		_, err := os.Stat(c.work.path("init-ready"))
		return err
	}, c.node.init)
	if err != nil {
		return fmt.Errorf("make the node's namespaces: %w", err)
	}
	return nil
}
