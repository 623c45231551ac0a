//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

// path is one way to the backend: through fairlead, through HAProxy, or none
// between.
type path struct {
	name string
	at   places
	proc *process // nil for the direct one
	// bulkOnly: otherwise it is no different from another one.
	bulkOnly bool
}

const (
	viaUs, viaPeer, direct = "fairlead", "HAProxy", "direct"
	viaTuned               = "HAProxy with large pipes"

	// httpConnections is how many wrk keeps open, connecting how many of them
	// are being opened at a time.
	httpConnections = 64
	connecting      = 32
)

func measureRelay(ctx context.Context, b *bench, s *section) error {
	s.peer, s.base = viaPeer, direct
	s.about = []string{
		fmt.Sprintf("One backend, a small Go program on loopback, behind a ClusterIP of fairlead, behind HAProxy (`mode tcp`, `nbthread 2`, no log), and reached directly. New connections and keep-alive requests are HTTP by wrk with 2 threads: %d connections that are opened for each request, or %d that stay. Bulk is read from the backend by a Go client over raw TCP; HAProxy's `option splice-auto` hardly ever splices there, so it has `splice-request` and `splice-response` for it, once with the kernel's pipes of 64 KiB and once with pipes of 1 MiB as fairlead's are. The steady load is %s requests of 128 bytes a second over %d connections that stay; each is timed from sending to the whole answer, by threads that wait in the kernel.", connecting, httpConnections, thousands(steadyRate), callers),
		"CPU is that of the relay's own process, without what the kernel does for it in interrupts. It tells more than the rates, in which clients and backend compete for the same cores: an idle core more would go to the relay.",
	}
	w, err := newWrk()
	if err != nil {
		return err
	}
	paths, err := b.paths(ctx)
	if err != nil {
		return err
	}
	t := make(table)
	for _, load := range loads(w) {
		err := inTurn(ctx, b.size.rounds, paths, func(round int, p path) error {
			if p.bulkOnly && !load.bulk {
				return nil
			}
			pause(ctx, 100*time.Millisecond) // what the last load left is over
			before := p.proc.cpu()
			got, err := load.run(ctx, b, p)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", load.name, p.name, err)
			}
			text := ""
			took := (p.proc.cpu() - before).Seconds()
			for _, m := range got {
				if m.count > 0 && p.proc == nil {
					continue
				}
				if m.count > 0 {
					m.value = took / m.count
				}
				t.add(load.name+m.id, p.name, m.value)
				text += "  " + m.unit.format(m.value)
			}
			b.progress("relay %d/%d  %-8s %-25s%s", round+1, b.size.rounds, load.name, p.name, text)
			return nil
		})
		if err != nil {
			return err
		}
	}
	relayRows(s, t)
	return nil
}

// paths starts the backend and the relays before it and checks each.
func (b *bench) paths(ctx context.Context) ([]path, error) {
	backend, err := b.runBackend()
	if err != nil {
		return nil, err
	}
	ours, us, err := b.runRelay(backend)
	if err != nil {
		return nil, err
	}
	theirs, peer, err := b.runHAProxy(backend, "")
	if err != nil {
		return nil, err
	}
	tuned, large, err := b.runHAProxy(backend, largePipes)
	if err != nil {
		return nil, err
	}
	paths := []path{
		{name: viaUs, at: us, proc: ours},
		{name: viaPeer, at: peer, proc: theirs},
		{name: viaTuned, at: large, proc: tuned, bulkOnly: true},
		{name: direct, at: backend},
	}
	for _, p := range paths {
		if err := fetch(ctx, p); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if err := verify(ctx, p.at.bulk); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return paths, nil
}

func relayRows(s *section, t table) {
	add := func(id, what string, u unit, g goal) {
		s.add(row{id: id, what: what, unit: u, ours: t[id][viaUs], peer: t[id][viaPeer], base: t[id][direct], goal: g})
	}
	added := func(id, what string) {
		s.add(row{
			id: id + "-added", what: what, unit: seconds,
			ours: each(t[id][viaUs], t[id][direct], minus), peer: each(t[id][viaPeer], t[id][direct], minus),
		})
	}
	none := goal{}
	add("connect-rate", "New connections/s", perSecond, atLeast(0.8, viaPeer))
	add("connect-p50", "New connection to answer, p50, as fast as it goes", seconds, none)
	add("connect-p99", "New connection to answer, p99, as fast as it goes", seconds, none)
	add("connect-cpu", "CPU per connection", seconds, none)
	add("keep-rate", "Keep-alive requests/s", perSecond, none)
	add("keep-p50", "Request p50, as fast as it goes", seconds, none)
	add("keep-p99", "Request p99, as fast as it goes", seconds, atMost(1.2, viaPeer))
	add("keep-cpu", "CPU per request", seconds, none)
	add("steady-p50", "Request p50, steady load", seconds, none)
	add("steady-p99", "Request p99, steady load", seconds, atMost(1.2, viaPeer))
	added("steady-p50", "Added to direct, p50, steady load")
	added("steady-p99", "Added to direct, p99, steady load")
	add("steady-cpu", "CPU per request, steady load", seconds, none)
	for _, n := range []struct{ id, text string }{{"bulk1", "one stream"}, {"bulk8", "eight streams"}} {
		for _, m := range []struct {
			id, what string
			unit     unit
			goal     goal
		}{{"-rate", "Bulk, " + n.text, bytesPerSecond, above(viaPeer)}, {"-cpu", "CPU per GB, " + n.text, seconds, none}} {
			add(n.id+m.id, m.what, m.unit, m.goal)
			values := t[n.id+m.id]
			s.add(row{id: n.id + m.id, what: m.what, setup: "with tune.pipesize 1048576", unit: m.unit, ours: values[viaUs], peer: values[viaTuned]})
		}
	}
}
