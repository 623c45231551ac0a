//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
)

// few is the small set of services, which the API server holds as well.
const few = 100

// steadyRate is the queries and requests per second of the loads that are not
// meant to fill the machine.
const steadyRate = 2000

// resolver is one DNS server under load.
type resolver struct {
	name  string
	dns   netip.AddrPort
	proc  *process
	load  *dnsperf
	paced bool // also at a fixed rate
}

// variant is a configuration of CoreDNS, by the plugins beside kubernetes.
type variant struct {
	name, extra string
	paced       bool
}

func variants() []variant {
	return []variant{
		{"with kubernetes alone", "", true},
		{"with cache 30", "\tcache 30\n", true},
		{"with multisocket 2", "\tmultisocket 2\n", false},
		{"with cache 30 and multisocket 2", "\tcache 30\n\tmultisocket 2\n", false},
	}
}

func measureDNS(ctx context.Context, b *bench, s *section) error {
	s.peer = "CoreDNS"
	s.about = []string{
		fmt.Sprintf("%d services, the same manifests in fairlead's folder and in a real kube-apiserver that CoreDNS follows: of ten services six have a ClusterIP, three are headless with three addresses, one has a ClusterIP and no endpoint. dnsperf asks for the A records of all of them over UDP from %s sockets, as fast as answers come with 200 under way, and then at %s queries a second for the latency. Every answer must be NOERROR, and before that each name's addresses are compared.", few, clients, thousands(steadyRate)),
		"CoreDNS has the `kubernetes` plugin alone (no `errors`, `log`, `prometheus` or `loadbalance`, so this is its fastest), and then others beside it: `cache 30` as most clusters have it, and `multisocket 2`, which gives it a socket for each core as fairlead has.",
	}
	all := services(few, firstIP)
	perf, err := b.newDNSPerf(all)
	if err != nil {
		return err
	}
	resolvers, err := b.resolvers(ctx, all, perf)
	if err != nil {
		return err
	}
	t, err := b.loadDNS(ctx, resolvers)
	if err != nil {
		return err
	}
	for _, m := range []struct {
		id, what string
		unit     unit
		goal     goal
	}{
		{"rate", "Queries/s", perSecond, atLeast(1, "CoreDNS")},
		{"cpu", "CPU per query", seconds, goal{}},
		{"p50", "Latency p50", seconds, goal{}},
		{"p99", "Latency p99", seconds, goal{}},
	} {
		for _, v := range variants() {
			if peer := t[m.id][v.name]; peer != nil {
				s.add(row{id: "dns-" + m.id, what: m.what, setup: v.name, unit: m.unit, ours: t[m.id]["fairlead"], peer: peer, goal: m.goal})
			}
		}
	}
	s.add(row{id: "dns-many", what: fmt.Sprintf("Queries/s with %s services", thousands(b.size.many)), unit: perSecond, ours: t["rate"]["many"]})
	s.add(row{id: "dns-many-cpu", what: fmt.Sprintf("CPU per query with %s services", thousands(b.size.many)), unit: seconds, ours: t["cpu"]["many"]})
	return nil
}

// resolvers starts fairlead and each CoreDNS, and checks every answer of each.
func (b *bench) resolvers(ctx context.Context, all []service, perf *dnsperf) ([]resolver, error) {
	f, err := b.serve(ctx, all)
	if err != nil {
		return nil, err
	}
	resolvers := []resolver{{name: "fairlead", dns: f.dns, proc: f.process, load: perf, paced: true}}
	tier, err := b.control(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, v := range variants() {
		c, err := b.runCoreDNS(tier, v.extra)
		if err != nil {
			return nil, err
		}
		if _, err := serving(ctx, c.process, c.dns, all[len(all)-1]); err != nil {
			return nil, err
		}
		resolvers = append(resolvers, resolver{name: v.name, dns: c.dns, proc: c.process, load: perf, paced: v.paced})
	}
	for _, r := range resolvers {
		if err := check(ctx, r.dns, all); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	large := services(b.size.many, firstOfMany)
	b.progress("starting fairlead with %d services", len(large))
	big, err := b.newDNSPerf(large)
	if err != nil {
		return nil, err
	}
	if f, err = b.serve(ctx, large); err != nil {
		return nil, err
	}
	if err := check(ctx, f.dns, large[:min(500, len(large))]); err != nil {
		return nil, fmt.Errorf("%d services: %w", len(large), err)
	}
	return append(resolvers, resolver{name: "many", dns: f.dns, proc: f.process, load: big}), nil
}

func (b *bench) loadDNS(ctx context.Context, resolvers []resolver) (table, error) {
	t := make(table)
	err := inTurn(ctx, b.size.rounds, resolvers, func(round int, r resolver) error {
		before := r.proc.cpu()
		rate, total, err := r.load.flood(ctx, r.dns, b.size.load)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		t.add("rate", r.name, rate)
		t.add("cpu", r.name, (r.proc.cpu()-before).Seconds()/total)
		b.progress("dns %d/%d  %-31s %s", round+1, b.size.rounds, r.name, perSecond.format(rate))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, inTurn(ctx, b.size.rounds, resolvers, func(round int, r resolver) error {
		if !r.paced {
			return nil
		}
		took, err := r.load.paced(ctx, r.dns, b.size.steady, steadyRate)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		t.add("p50", r.name, quantile(took, 0.5))
		t.add("p99", r.name, quantile(took, 0.99))
		b.progress("dns %d/%d  %-31s p50 %s p99 %s", round+1, b.size.rounds, r.name,
			seconds.format(quantile(took, 0.5)), seconds.format(quantile(took, 0.99)))
		return nil
	})
}
