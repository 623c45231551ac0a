//go:build linux

package cluster

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
	"syscall"

	"fairlead.dev/test/lab"
)

// NodeAddr is the node's address among the outside hosts.
func (c *Cluster) NodeAddr() netip.Addr { return netip.MustParseAddr(nodeAddr) }

// Outside is the network around the node, 10.0.1.0/24: a test adds hosts to
// it, such as 10.0.1.25, and servers on them. It ends with the cluster. Without
// a node there is none.
func (c *Cluster) Outside() *lab.Lab { return c.node.lab }

// OutsideDNS is the server that CoreDNS asks for all but the cluster's names.
func (c *Cluster) OutsideDNS() *lab.FaultyDNS { return c.node.dns }

// NodeHost is the node as a host: what runs there reaches ClusterIPs and Pods.
func (c *Cluster) NodeHost() *lab.Host { return c.node.host }

// Dial connects to a literal address from where the parts are: the node, or
// the machine itself if there is none.
func (c *Cluster) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if c.node == nil {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	return c.node.host.Dial(ctx, network, addr)
}

// Enter is the command that becomes the one after it where the parts are: on
// the node's network, or nothing if there is no node. What is started so uses
// PartsKubeconfig.
func (c *Cluster) Enter() []string {
	if c.node == nil {
		return nil
	}
	return c.node.onNetwork()
}

// PartsKubeconfig is Kubeconfig for a program that stands where the parts are:
// from the node, the API server has another address than from the machine.
func (c *Cluster) PartsKubeconfig() string { return c.work.path("parts.conf") }

// inNode is a command in all of the node's namespaces.
func (c *Cluster) inNode(ctx context.Context, args ...string) *exec.Cmd {
	words := append(c.node.inside(), args...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}
