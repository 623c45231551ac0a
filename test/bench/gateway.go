//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// outsideName is whom the gateways ask for: by SNI and by the Host header.
const outsideName = "backend.example.com"

// viaNginx stands where the other sections have no relay at all.
const viaNginx = "nginx"

// gatewayPath is one gateway, or none between.
type gatewayPath struct {
	name string
	crew crew // nil for the direct one
	// tls takes TCP and passes it on by TLS.
	tls places
	// web takes HTTP and passes it on with the Host header of the target; secure does so
	// by TLS.
	web, secure netip.AddrPort
}

// gatewayLoad is one kind of traffic through a gateway.
type gatewayLoad struct {
	name string
	run  func(context.Context, *bench, gatewayPath) ([]measured, error)
}

func gatewayLoads(w *wrk) []gatewayLoad {
	at := func(where func(gatewayPath) netip.AddrPort, connections int, keepAlive bool) func(context.Context, *bench, gatewayPath) ([]measured, error) {
		return func(ctx context.Context, b *bench, p gatewayPath) ([]measured, error) {
			return web(ctx, b, path{at: places{http: where(p)}}, w, connections, keepAlive)
		}
	}
	latency := func(where func(gatewayPath) netip.AddrPort, d dialogue) func(context.Context, *bench, gatewayPath) ([]measured, error) {
		return func(ctx context.Context, b *bench, p gatewayPath) ([]measured, error) {
			return latencies(ctx, b, where(p), d)
		}
	}
	toTLS := func(p gatewayPath) netip.AddrPort { return p.tls.http }
	plain := func(p gatewayPath) netip.AddrPort { return p.web }
	secure := func(p gatewayPath) netip.AddrPort { return p.secure }
	return []gatewayLoad{
		{"tls-connect", at(toTLS, connecting, false)},
		{"tls-keep", at(toTLS, httpConnections, true)},
		{"tls-steady", latency(func(p gatewayPath) netip.AddrPort { return p.tls.echo }, echoed())},
		{"tls-bulk", func(ctx context.Context, b *bench, p gatewayPath) ([]measured, error) {
			return bulk(ctx, b, path{at: p.tls}, 1)
		}},
		{"web-connect", at(plain, connecting, false)},
		{"web-keep", at(plain, httpConnections, true)},
		{"web-steady", latency(plain, asked())},
		{"secure-connect", at(secure, connecting, false)},
		{"secure-keep", at(secure, httpConnections, true)},
		{"secure-steady", latency(secure, asked())},
	}
}

func latencies(ctx context.Context, b *bench, at netip.AddrPort, d dialogue) ([]measured, error) {
	took, err := steady(ctx, at, d, steadyRate, b.size.steady)
	return []measured{
		{id: "-p50", value: quantile(took, 0.5), unit: seconds},
		{id: "-p99", value: quantile(took, 0.99), unit: seconds},
		{id: "-cpu", count: float64(len(took)), unit: seconds},
	}, err
}

func measureGateway(ctx context.Context, b *bench, s *section) error {
	s.peer, s.base = viaPeer, viaNginx
	s.about = []string{
		fmt.Sprintf("The same backend behind services with [spec.gateway](gateway.md), behind HAProxy (`nbthread 2`, `http-reuse always`) and behind nginx (two processes, `reuseport`, `keepalive`), neither with a log. TLS out: TCP is taken, and passed on by TLS 1.3 that is verified, with SNI. HTTP: requests get the target's Host header and X-Forwarded-For, and go on over connections that are kept; once unencrypted, once by TLS. Loads are those of [the relay](#relay): wrk with %d connections that are opened for each request, or %d that stay; %s requests a second over %d connections; one bulk stream.", connecting, httpConnections, thousands(steadyRate), callers),
		fmt.Sprintf("Idle connections: %s clients have each sent one request and stay. A process may have 20,000 files open here, and a relay of TCP takes two for each client, so 10,000 do not fit. What is added to the memory before is shown for 10,000.", thousands(idleClients)),
	}
	w, err := newWrk()
	if err != nil {
		return err
	}
	paths, err := b.gateways(ctx)
	if err != nil {
		return err
	}
	t := make(table)
	for _, load := range gatewayLoads(w) {
		err := inTurn(ctx, b.size.rounds, paths, func(round int, p gatewayPath) error {
			pause(ctx, 100*time.Millisecond) // what the last load left is over
			before := p.crew.cpu()
			got, err := load.run(ctx, b, p)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", load.name, p.name, err)
			}
			b.note(t, load.name, p.name, p.crew != nil, p.crew.cpu()-before, round, got)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, p := range paths {
		p.crew.kill()
	}
	if err := b.idle(ctx, t); err != nil {
		return err
	}
	gatewayRows(s, t)
	return nil
}

// note keeps what a load has shown; between is whether there was a gateway.
func (b *bench) note(t table, load, name string, between bool, took time.Duration, round int, got []measured) {
	text := ""
	for _, m := range got {
		if m.count > 0 && !between {
			continue
		}
		if m.count > 0 {
			m.value = took.Seconds() / m.count
		}
		t.add(load+m.id, name, m.value)
		text += "  " + m.unit.format(m.value)
	}
	b.progress("%-14s %d/%d  %-25s%s", load, round+1, b.size.rounds, name, text)
}

func gatewayRows(s *section, t table) {
	add := func(id, what string, u unit, g goal) {
		s.add(row{id: "gateway-" + id, what: what, unit: u, ours: t[id][viaUs], peer: t[id][viaPeer], base: t[id][viaNginx], goal: g})
	}
	added := func(id, what string) {
		s.add(row{
			id: "gateway-" + id + "-added", what: what, unit: seconds, ours: each(t[id][viaUs], t[id][direct], minus),
			peer: each(t[id][viaPeer], t[id][direct], minus), base: each(t[id][viaNginx], t[id][direct], minus),
		})
	}
	for _, job := range []struct{ id, name string }{{"tls", "TLS out"}, {"web", "HTTP"}, {"secure", "HTTP, TLS out"}} {
		add(job.id+"-connect-rate", job.name+": new connections/s", perSecond, atLeast(0.8, viaPeer))
		add(job.id+"-connect-cpu", job.name+": CPU per connection", seconds, goal{})
		add(job.id+"-keep-rate", job.name+": requests/s", perSecond, goal{})
		add(job.id+"-keep-cpu", job.name+": CPU per request", seconds, goal{})
		add(job.id+"-keep-p50", job.name+": request p50, as fast as it goes", seconds, goal{})
		add(job.id+"-keep-p99", job.name+": request p99, as fast as it goes", seconds, atMost(1.2, viaPeer))
		add(job.id+"-steady-p50", job.name+": request p50, steady load", seconds, goal{})
		add(job.id+"-steady-p99", job.name+": request p99, steady load", seconds, atMost(1.2, viaPeer))
		added(job.id+"-steady-p50", job.name+": added to direct, p50, steady load")
		added(job.id+"-steady-p99", job.name+": added to direct, p99, steady load")
		add(job.id+"-steady-cpu", job.name+": CPU per request, steady load", seconds, goal{})
		if job.id == "tls" {
			add("tls-bulk-rate", job.name+": bulk, one stream", bytesPerSecond, above(viaPeer))
			add("tls-bulk-cpu", job.name+": CPU per GB, one stream", seconds, goal{})
		}
	}
	add("idle-tls", "Memory for 10,000 idle connections, TLS out", mebibytes, goal{})
	add("idle-web", "Memory for 10,000 idle connections, HTTP", mebibytes, goal{})
}
