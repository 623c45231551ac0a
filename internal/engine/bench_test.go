package engine_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// many is how many services the benchmarks have.
const many = 10_000

// instantly answers every question at once, with the same address.
type instantly struct{}

func (instantly) Lookup(_ context.Context, q model.Question) model.Observation {
	o := model.Observation{Question: q, At: time.Now(), Class: model.Empty, TTL: time.Hour}
	if q.Type == model.A {
		o.Class, o.Addrs = model.Answered, []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 1, 25})}
	}
	return o
}

// started runs an engine until the benchmark ends.
func started(b testing.TB, sink engine.Sink) *engine.Engine {
	b.Helper()
	e := engine.New(engine.Config{Domain: "cluster.local", Resolver: instantly{}, Sink: sink})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return e
}

func applyOne(b *testing.B, e *engine.Engine, s model.Service) {
	b.Helper()
	if err := e.Apply(b.Context(), engine.Change{Services: []engine.Entry{{Service: s}}}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkColdStart is 10,000 services, applied one at a time, until every one
// is ready in the sink.
func BenchmarkColdStart(b *testing.B) {
	for b.Loop() {
		snapshots, ready := 0, make(chan struct{})
		e := started(b, func(s *model.Snapshot) []model.Fault {
			snapshots++
			n := 0
			for _, p := range s.Services {
				if len(p.Decision.Endpoints) > 0 {
					n++
				}
			}
			if n == many {
				close(ready)
			}
			return nil
		})
		begin := time.Now()
		for i := range many {
			applyOne(b, e, byHost(fmt.Sprintf("db-%05d", (i*7919)%many), fmt.Sprintf("db-%d.example.com", i)))
		}
		b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms-to-apply")
		<-ready
		b.ReportMetric(float64(snapshots), "snapshots")
	}
}
