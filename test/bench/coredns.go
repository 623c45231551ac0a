//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"

	"fairlead.dev/test/cluster"
)

// coredns is one CoreDNS beside the control tier.
type coredns struct {
	*process
	dns netip.AddrPort
}

// corefile is CoreDNS's configuration; the extra lines are plugins around the
// kubernetes plugin.
func corefile(at netip.AddrPort, kubeconfig, extra string) string {
	return fmt.Sprintf(`.:%d {
	bind %s
%s	kubernetes %s in-addr.arpa ip6.arpa {
		kubeconfig %s
		pods insecure
		fallthrough in-addr.arpa ip6.arpa
		ttl 30
	}
}
`, at.Port(), at.Addr(), extra, domain, kubeconfig)
}

// runCoreDNS starts CoreDNS on the tier's API server. It does not wait.
func (b *bench) runCoreDNS(tier *cluster.Cluster, extra string) (*coredns, error) {
	at, err := freePort(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		return nil, err
	}
	dir, err := b.folder("coredns")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "Corefile")
	if err := os.WriteFile(path, []byte(corefile(at, tier.Kubeconfig(), extra)), 0o644); err != nil {
		return nil, err
	}
	p, err := b.start("coredns", exec.Command(tier.Bin("coredns"), "-conf", path))
	if err != nil {
		return nil, err
	}
	return &coredns{p, at}, nil
}

// control starts the control tier of a real Kubernetes, once, and loads the
// services into it: the manifests that fairlead reads, as they are.
func (b *bench) control(ctx context.Context, all []service) (*cluster.Cluster, error) {
	if b.tier != nil {
		return b.tier, nil
	}
	b.progress("starting etcd, kube-apiserver and CoreDNS; a first build takes minutes")
	tier, err := cluster.Up(ctx, cluster.Options{ServiceCIDR: netip.MustParsePrefix(serviceCIDR)}, b.log)
	if err != nil {
		return nil, err
	}
	b.tier = tier
	manifests := namespaceManifests()
	for _, s := range all {
		manifests = append(manifests, s.manifest()...)
	}
	b.progress("loading %d services into the API server", len(all))
	if err := tier.Apply(ctx, manifests); err != nil {
		return nil, err
	}
	return tier, tier.WaitDNS(ctx)
}
