//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"fairlead.dev/internal/group"
)

// alias is how many ExternalNames are moved at the same time: each move is a
// wait for a cache and hardly any work.
const aliases = 10

const cachedCorefile = `.:%d {
	bind %s
	kubernetes %s in-addr.arpa ip6.arpa {
		kubeconfig %s
	}
	cache 30
	forward . 10.0.1.53
}
`

func keyOf(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: kubeNamespace, Name: name}
}

func between(least, most time.Duration) time.Duration {
	return least + time.Duration(rand.Int64N(int64(most-least)))
}

// externalNames moves ExternalNames from host to host, seen by clients of a
// CoreDNS with a cache and of one without.
func (k *kube) externalNames(ctx context.Context, hosts []string) (cached, direct []float64, err error) {
	cache, err := k.cachingCoreDNS()
	if err != nil {
		return nil, nil, err
	}
	var records []string
	for i, addr := range hosts {
		records = append(records, fmt.Sprintf("place-%d.example.com. 300 A %s", i, addr))
	}
	if err := k.tier.OutsideDNS().Set(records...); err != nil {
		return nil, nil, err
	}
	for i := range aliases {
		svc := &corev1.Service{ObjectMeta: named(aliasName(i)), Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "place-0.example.com"}}
		if err := k.client.Create(ctx, svc); err != nil {
			return nil, nil, err
		}
	}
	for _, c := range []struct {
		server netip.AddrPort
		into   *[]float64
		moves  int
	}{{cache, &cached, 2}, {k.tier.DNSAddr(), &direct, 4}} {
		took := make([][]float64, aliases)
		parts, ctx := group.New(ctx)
		for i := range aliases {
			parts.Go(func() (err error) {
				took[i], err = k.moveAlias(ctx, c.server, aliasName(i), c.moves)
				return err
			})
		}
		if err := parts.Wait(); err != nil {
			return nil, nil, err
		}
		*c.into = slices.Concat(took...)
		k.progress("traffic: ExternalName %s, worst %s", seconds.format(median(*c.into)), seconds.format(quantile(*c.into, 1)))
	}
	return cached, direct, nil
}

func aliasName(i int) string { return fmt.Sprintf("alias-%d", i) }

// cachingCoreDNS starts one more CoreDNS on the node.
func (k *kube) cachingCoreDNS() (netip.AddrPort, error) {
	at := netip.AddrPortFrom(k.tier.NodeAddr(), 5300)
	dir, err := k.folder("coredns")
	if err != nil {
		return at, err
	}
	path := filepath.Join(dir, "Corefile")
	text := fmt.Appendf(nil, cachedCorefile, at.Port(), at.Addr(), domain, k.tier.PartsKubeconfig())
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return at, err
	}
	words := slices.Concat(k.tier.Enter(), []string{k.tier.Bin("coredns"), "-conf", path})
	_, err = k.start("coredns", exec.Command(words[0], words[1:]...))
	return at, err
}

// moveAlias moves one ExternalName, which leads to the first host.
func (k *kube) moveAlias(ctx context.Context, server netip.AddrPort, name string, moves int) ([]float64, error) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return k.tier.NodeHost().Dial(ctx, network, server.String())
	}}
	address := func(ctx context.Context) (string, error) {
		addrs, err := resolver.LookupNetIP(ctx, "ip4", name+"."+kubeNamespace+".svc."+domain+".")
		if err != nil || len(addrs) == 0 {
			return "", fmt.Errorf("look up %s: %w", name, err)
		}
		pause(ctx, 5*time.Millisecond) // ten clients at once need not be quicker
		return addrs[0].String(), nil
	}
	var took []float64
	for move := range moves {
		if _, err := k.arrives(ctx, move%2, address); err != nil {
			return nil, err
		}
		pause(ctx, between(0, 5*time.Second))
		// A client has used the name meanwhile, as clients do.
		if _, err := k.arrives(ctx, move%2, address); err != nil {
			return nil, err
		}
		began := time.Now()
		to := (move + 1) % 2
		if err := k.patch(ctx, &corev1.Service{ObjectMeta: named(name)}, `{"spec": {"externalName": "place-%d.example.com"}}`, to); err != nil {
			return nil, err
		}
		at, err := k.arrives(ctx, to, address)
		if err != nil {
			return nil, err
		}
		took = append(took, at.Sub(began).Seconds())
	}
	return took, nil
}
