//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/test/cluster"
	"fairlead.dev/test/lab"
)

const trafficAbout = `On a real node (kube-proxy in nftables mode, CoreDNS) a Service's one endpoint moves between two hosts outside the cluster; from sending the patch to the first new connection from the node, to the same address, that the other host takes. Connections are opened one after the other. In turn: an ExternalService gets the other address; and, by hand, so does the EndpointSlice of a Service without a selector. Between two moves is a pause of 1.2 to 1.6 s, so that kube-proxy, which holds a change that comes within a second of the last, is at rest. The other services are ExternalServices in the same cluster, with a slice each.`

const trafficName = `The articles' way is the column of the ExternalName: its externalName is patched from one outside host's name to the other's, and a client asks CoreDNS anew for each connection, then connects. CoreDNS has the kubernetes plugin with its default TTL of 5 s: with ` + "`cache 30`" + ` beside it, and without a cache for the cluster's names, as kubeadm has set it up of late. Clients of a Service dial one address and ask nobody.`

func measureTraffic(ctx context.Context, b *bench, s *section) error {
	s.peer, s.base = "EndpointSlice by hand", "ExternalName by hand"
	s.about = []string{trafficAbout, trafficName}
	if os.Geteuid() != 0 {
		s.skipped = "a node needs root"
		return nil
	}
	k, err := b.runKube(ctx, cluster.Options{Node: true})
	if err != nil {
		return err
	}
	hosts, err := k.hosts()
	if err != nil {
		return err
	}
	if _, err := k.runController(ctx, "10.0.1.53"); err != nil {
		return err
	}
	if err := k.client.Create(ctx, external("moves", v1alpha1.Target{Addresses: []string{hosts[0]}})); err != nil {
		return err
	}
	if err := k.makePlain(ctx, handmade, hosts[0]); err != nil {
		return err
	}
	cached, direct, err := k.externalNames(ctx, hosts)
	if err != nil {
		return err
	}
	for _, n := range []int{0, k.size.kube.services} {
		if err := k.makeBeside(ctx, n); err != nil {
			return err
		}
		if err := k.allReady(ctx, n+1); err != nil {
			return err
		}
		ours, theirs, err := k.moves(ctx, hosts)
		if err != nil {
			return err
		}
		s.moved("traffic", fmt.Sprintf("Patched to new connections there, %s services beside", thousands(n)), ours, theirs, cached)
		k.progress("traffic: %d beside  fairlead %s, worst %s  by hand %s, worst %s", n, seconds.format(median(ours)), seconds.format(quantile(ours, 1)), seconds.format(median(theirs)), seconds.format(quantile(theirs, 1)))
		cached = nil
	}
	s.moved("traffic-uncached", "The same, and CoreDNS without a cache", nil, nil, direct)
	return nil
}

// moved adds the median and the worst of moves.
func (s *section) moved(id, what string, ours, peer, base []float64) {
	for _, q := range []struct {
		id, text string
		of       float64
	}{{"p50", "median", 0.5}, {"worst", "worst", 1}} {
		r := row{id: id + "-" + q.id, what: what + ", " + q.text, unit: seconds}
		for _, v := range []struct {
			from []float64
			to   *[]float64
		}{{ours, &r.ours}, {peer, &r.peer}, {base, &r.base}} {
			if len(v.from) > 0 {
				*v.to = []float64{quantile(v.from, q.of)}
			}
		}
		s.add(r)
	}
}

// hosts are two machines outside the cluster that say who they are.
func (k *kube) hosts() ([]string, error) {
	addrs := []string{"10.0.1.25", "10.0.1.26"}
	for i, addr := range addrs {
		h, err := k.tier.Outside().Host("place-"+strconv.Itoa(i), addr)
		if err != nil {
			return nil, err
		}
		l, err := h.Listen(net.JoinHostPort(addr, strconv.Itoa(kubePort)))
		if err != nil {
			return nil, err
		}
		k.atEnd(func() { l.Close() })
		go accept(l, func(c net.Conn) { c.Write([]byte{byte(i)}) })
	}
	return addrs, nil
}

// reached connects once from the node and returns which host answered.
func reached(ctx context.Context, from *lab.Host, addr string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := from.Dial(ctx, "tcp", net.JoinHostPort(addr, strconv.Itoa(kubePort)))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var id [1]byte
	c.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := c.Read(id[:]); err != nil {
		return 0, err
	}
	return int(id[0]), nil
}

// arrives connects over and over until a host answers, and returns when.
func (k *kube) arrives(ctx context.Context, want int, addr func(context.Context) (string, error)) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		at, err := addr(ctx)
		if err == nil {
			var got int
			if got, err = reached(ctx, k.tier.NodeHost(), at); err == nil && got == want {
				return time.Now(), nil
			}
		}
		if ctx.Err() != nil {
			return time.Time{}, fmt.Errorf("no new connection reached host %d within %s: %w", want, startLimit, err)
		}
		pause(ctx, 500*time.Microsecond)
	}
}

// moves has the endpoint of both Services move to and fro.
func (k *kube) moves(ctx context.Context, hosts []string) (ours, theirs []float64, err error) {
	t := make(table)
	edits := map[string]func(context.Context, string) error{
		"moves":  func(ctx context.Context, addr string) error { return k.patchExternal(ctx, "moves", addr) },
		handmade: func(ctx context.Context, addr string) error { return k.patchSlice(ctx, handmade+"-1", addr) },
	}
	where := map[string]func(context.Context) (string, error){}
	for name, edit := range edits {
		var svc corev1.Service
		if err := until(ctx, startLimit, func() error { return k.client.Get(ctx, keyOf(name), &svc) }); err != nil {
			return nil, nil, err
		}
		ip := svc.Spec.ClusterIP
		where[name] = func(context.Context) (string, error) { return ip, nil }
		if err := edit(ctx, hosts[0]); err != nil {
			return nil, nil, err
		}
		if _, err := k.arrives(ctx, 0, where[name]); err != nil {
			return nil, nil, err
		}
	}
	pause(ctx, 3*time.Second) // kube-proxy has all that was before
	err = inTurn(ctx, k.size.kube.moves, []string{"moves", handmade}, func(round int, name string) error {
		pause(ctx, between(1200*time.Millisecond, 1600*time.Millisecond))
		to := (round + 1) % 2
		began := time.Now()
		if err := edits[name](ctx, hosts[to]); err != nil {
			return err
		}
		at, err := k.arrives(ctx, to, where[name])
		t.add("move", name, at.Sub(began).Seconds())
		return err
	})
	return t["move"]["moves"], t["move"][handmade], err
}
