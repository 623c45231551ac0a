//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /%[2]s
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
clusterDNS: [%[3]s]
clusterDomain: %[4]s
resolvConf: %[5]s
volumePluginDir: /var/lib/kubelet/plugins-exec
makeIPTablesUtilChains: false
evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi, imagefs.available: 1Mi, nodefs.inodesFree: 1%%, pid.available: 1%%}
imageGCHighThresholdPercent: 100
oomScoreAdj: 0
`

// clusterDNS is the ClusterIP of CoreDNS, the tenth address as everywhere.
func clusterDNS(services netip.Prefix) netip.Addr {
	addr := services.Masked().Addr()
	for range 10 {
		addr = addr.Next()
	}
	return addr
}

// publishDNS makes CoreDNS a Service, itself one without a selector.
func (c *Cluster) publishDNS(ctx context.Context, opts Options) error {
	const services = "/api/v1/namespaces/kube-system/services"
	const slices = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"
	ports := []object{{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}}
	err := c.api.do(ctx, "POST", services, object{
		"apiVersion": "v1", "kind": "Service",
		"metadata": object{"name": "kube-dns", "labels": object{"k8s-app": "kube-dns"}},
		"spec":     object{"clusterIP": clusterDNS(opts.ServiceCIDR).String(), "ports": ports},
	})
	if err != nil {
		return fmt.Errorf("publish CoreDNS: %w", err)
	}
	err = c.api.do(ctx, "POST", slices, object{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
		"metadata":    object{"name": "kube-dns", "labels": object{"kubernetes.io/service-name": "kube-dns"}},
		"addressType": "IPv4",
		"endpoints":   []object{{"addresses": []string{nodeAddr}}},
		"ports":       ports,
	})
	if err != nil {
		return fmt.Errorf("publish CoreDNS: %w", err)
	}
	return nil
}

// startKubernetesNode starts what makes a node of a machine, and waits until
// the node is Ready and carries traffic.
func (c *Cluster) startKubernetesNode(ctx context.Context, opts Options) error {
	dns := clusterDNS(opts.ServiceCIDR)
	config := fmt.Sprintf(kubeletConfig, nodeAddr, c.node.cgroup, dns, opts.DNS.Zone, c.work.path("resolv.conf"))
	if err := c.work.write("kubelet.yaml", config); err != nil {
		return err
	}
	if err := c.work.write("resolv.conf", "nameserver "+outsideAddr+"\n"); err != nil {
		return err
	}
	var needs []*process
	for _, s := range []spec{c.kubeletSpec(), c.proxySpec(), c.schedulerSpec()} {
		p, err := c.launch(s)
		if err != nil {
			return err
		}
		needs = append(needs, p)
	}
	for _, step := range []struct {
		what string
		try  func(context.Context) error
	}{
		{"the node to be Ready", c.nodeReady},
		{"the default ServiceAccount", func(ctx context.Context) error {
			return c.api.do(ctx, "GET", "/api/v1/namespaces/default/serviceaccounts/default", nil)
		}},
		{"kube-proxy to carry traffic", func(ctx context.Context) error {
			return c.reaches(ctx, net.JoinHostPort(dns.String(), "53"))
		}},
	} {
		if err := poll(ctx, 25*time.Millisecond, step.try, needs...); err != nil {
			return fmt.Errorf("wait for %s: %w", step.what, err)
		}
	}
	return nil
}

func (c *Cluster) kubeletSpec() spec {
	return spec{name: "kubelet", enter: c.node.inside(), path: c.Bin("kubelet"), args: []string{
		"--config=" + c.work.path("kubelet.yaml"),
		"--kubeconfig=" + c.PartsKubeconfig(),
		"--hostname-override=" + nodeName,
		"--node-ip=" + nodeAddr,
	}}
}

func (c *Cluster) proxySpec() spec {
	return spec{name: "kube-proxy", path: c.Bin("kube-proxy"), args: []string{
		"--proxy-mode=nftables",
		"--kubeconfig=" + c.PartsKubeconfig(),
		"--hostname-override=" + nodeName,
		"--oom-score-adj=0",
		// These are the machine's, not the node's.
		"--conntrack-max-per-core=0",
		"--conntrack-min=0",
	}}
}

func (c *Cluster) schedulerSpec() spec {
	return spec{name: "kube-scheduler", path: c.Bin("kube-scheduler"), args: []string{
		"--kubeconfig=" + c.PartsKubeconfig(),
		"--leader-elect=false",
		"--secure-port=0",
	}}
}

// nodeReady says what keeps Pods from running.
func (c *Cluster) nodeReady(ctx context.Context) error {
	var n struct {
		Spec   struct{ Taints []struct{ Key string } }
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := c.api.get(ctx, "/api/v1/nodes/"+nodeName, &n); err != nil {
		return err
	}
	for _, cond := range n.Status.Conditions {
		if cond.Type == "Ready" && cond.Status != "True" {
			return errors.New(cond.Message)
		}
	}
	if len(n.Spec.Taints) > 0 || len(n.Status.Conditions) == 0 {
		return fmt.Errorf("it is tainted %v", n.Spec.Taints)
	}
	return nil
}

// reaches connects from the node over TCP.
func (c *Cluster) reaches(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := c.Dial(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
