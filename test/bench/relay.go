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
}

const (
	viaUs, viaPeer, direct = "fairlead", "HAProxy", "direct"

	// httpConnections is how many wrk keeps open, connecting how many of them
	// are being opened at a time.
	httpConnections = 64
	connecting      = 32
)

func measureRelay(ctx context.Context, b *bench, s *section) error {
	s.peer, s.base = viaPeer, direct
	s.about = []string{
		fmt.Sprintf("One backend, a small Go program on loopback, behind a ClusterIP of fairlead, behind HAProxy (`mode tcp`, `nbthread 2`, `option splice-auto`, no log), and reached directly. New connections and keep-alive requests are HTTP by wrk with 2 threads: %d connections that are opened for each request, or %d that stay. Bulk is read from the backend by a Go client over raw TCP. The steady load is %s requests of 128 bytes a second over %d connections that stay; each is timed from sending to the whole answer, by threads that wait in the kernel.", connecting, httpConnections, thousands(steadyRate), callers),
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
			pause(ctx, 100*time.Millisecond) // what the last load left is over
			before := p.proc.cpu()
			got, err := load.run(ctx, b, p)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", load.name, p.name, err)
			}
			text := ""
			for _, m := range got {
				if m.count > 0 {
					m.value = (p.proc.cpu() - before).Seconds() / m.count
				}
				if m.count == 0 || p.proc != nil {
					t.add(load.name+m.id, p.name, m.value)
				}
				text += "  " + m.unit.format(m.value)
			}
			b.progress("relay %d/%d  %-12s %-9s%s", round+1, b.size.rounds, load.name, p.name, text)
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
	theirs, peer, err := b.runHAProxy(backend)
	if err != nil {
		return nil, err
	}
	paths := []path{{viaUs, us, ours}, {viaPeer, peer, theirs}, {direct, backend, nil}}
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
	add("bulk1-rate", "Bulk, one stream", bytesPerSecond, above(viaPeer))
	add("bulk1-cpu", "CPU per GB, one stream", seconds, none)
	add("bulk8-rate", "Bulk, eight streams", bytesPerSecond, above(viaPeer))
	add("bulk8-cpu", "CPU per GB, eight streams", seconds, none)
}
