package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

func fixed(name string, ips ...string) model.Service {
	s := byHost(name, "")
	s.Targets = []model.Target{{Name: "main"}}
	for _, ip := range ips {
		s.Targets[0].Addresses = append(s.Targets[0].Addresses, netip.MustParseAddr(ip))
	}
	return s
}

func entries(services ...model.Service) engine.Change {
	var c engine.Change
	for _, s := range services {
		c.Services = append(c.Services, engine.Entry{Service: s})
	}
	return c
}

// conditions are those of a service as "TYPE STATUS REASON: MESSAGE".
func conditions(e *engine.Engine, key model.Key) []string {
	var all []string
	for _, c := range e.Snapshot().Find(key).Decision.Conditions {
		status := " False "
		if c.Status {
			status = " True "
		}
		all = append(all, string(c.Type)+status+c.Reason+": "+c.Message)
	}
	return all
}

func TestApplyLeavesOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := run(t, newOutside(), &sink{})
		apply(t, e, entries(fixed("a", "10.0.0.1"), fixed("b", "10.0.0.2")))
		a := e.Snapshot().Find(fixed("a").Key)
		apply(t, e, entries(fixed("b", "10.0.0.3"), fixed("c", "10.0.0.4")))
		want(t, e, "b", "10.0.0.3 ")
		want(t, e, "c", "10.0.0.4 ")
		if e.Snapshot().Find(a.Service.Key) != a {
			t.Error("a service that nobody touched is published anew")
		}
		apply(t, e, engine.Change{Gone: []model.Key{fixed("b").Key, {Namespace: "default", Name: "never"}}})
		want(t, e, "a", "10.0.0.1 ")
		want(t, e, "b", "nothing")
		set(t, e, fixed("c", "10.0.0.4"))
		want(t, e, "a", "nothing")
		want(t, e, "c", "10.0.0.4 ")
	})
}

// TestWhatFallsTogetherGoesOutTogether: thousands of changes of one service each
// are a few snapshots, and the last change of each service holds.
func TestWhatFallsTogetherGoesOutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		e := engine.New(engine.Config{Domain: "cluster.local", Resolver: newOutside(), Sink: s.publish})
		for round := range 5 {
			for i := range 1000 {
				if err := e.Apply(t.Context(), entries(fixed(fmt.Sprintf("s-%d", i), fmt.Sprintf("10.0.%d.1", round)))); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := e.Apply(t.Context(), engine.Change{Gone: []model.Key{fixed("s-7").Key}}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		synctest.Wait()
		if n := s.snapshots(); n != 1 || len(e.Snapshot().Services) != 999 {
			t.Errorf("%d snapshots with %d services, want one with all but one", n, len(e.Snapshot().Services))
		}
		for i := range 1000 {
			if i != 7 {
				want(t, e, fmt.Sprintf("s-%d", i), "10.0.4.1 ")
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := e.Apply(ctx, engine.Change{}); err == nil {
			t.Error("no error, though its context had ended")
		}
	})
}

func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		e := run(t, newOutside(), s)
		svc := fixed("db", "10.0.0.1")
		apply(t, e, entries(svc))
		report := func(f *model.Fault) {
			t.Helper()
			if err := e.Report(t.Context(), svc.Key, f); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
		}
		says := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, conditions(e, svc.Key)); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
		}
		const accepted, resolved = "Accepted True Accepted: the manifest is valid", "Resolved True Fixed: its addresses are written in the manifest"
		const ready = "Ready True EndpointsReady: 1 of 1 endpoints are ready"
		listening := "Programmed True Listening: listening on 127.96.1.1 port 5432/TCP"

		report(&model.Fault{Reason: "WriteFailed", Message: "no quota; raise it"})
		says(accepted, resolved, "Programmed False WriteFailed: no quota; raise it", "Ready False WriteFailed: no quota; raise it")
		report(&model.Fault{Reason: "WriteFailed", Message: "no quota; raise it", Partial: true})
		says(accepted, resolved, "Programmed False WriteFailed: no quota; raise it", ready)
		report(&model.Fault{Reason: "ServiceExists", Message: "it is theirs", Claimed: true})
		says("Accepted False ServiceExists: it is theirs", "Ready False ServiceExists: it is theirs")

		// It is the edge that tries again, and an edit does not make the name free.
		generation, n := e.Snapshot().Generation, s.snapshots()
		report(&model.Fault{Reason: "ServiceExists", Message: "it is theirs", Claimed: true})
		time.Sleep(time.Minute)
		synctest.Wait()
		if e.Snapshot().Generation != generation || s.snapshots() != n {
			t.Error("a fault that an edge reported, and that stays, is published again")
		}
		apply(t, e, entries(fixed("db", "10.0.0.2")))
		says("Accepted False ServiceExists: it is theirs", "Ready False ServiceExists: it is theirs")
		report(nil)
		says(accepted, resolved, listening, ready)

		// Of two, the one that leaves less of the service counts.
		s.fault(model.Fault{Key: svc.Key, Reason: "Sunk", Message: "in part", Partial: true})
		apply(t, e, entries(fixed("db", "10.0.0.3")))
		says(accepted, resolved, "Programmed False Sunk: in part", ready)
		report(&model.Fault{Reason: "Told", Message: "all", Key: model.Key{Name: "nonsense"}})
		says(accepted, resolved, "Programmed False Told: all", "Ready False Told: all")
		s.fault(model.Fault{Key: svc.Key, Reason: "Sunk", Message: "all"})
		report(&model.Fault{Reason: "Told", Message: "in part", Partial: true})
		time.Sleep(3 * time.Second)
		synctest.Wait()
		says(accepted, resolved, "Programmed False Sunk: all", "Ready False Sunk: all")
		s.fault()
		time.Sleep(3 * time.Second)
		report(nil)
		says(accepted, resolved, listening, ready)

		// What was reported goes with the service.
		report(&model.Fault{Reason: "Told", Message: "all"})
		apply(t, e, engine.Change{Gone: []model.Key{svc.Key}})
		report(&model.Fault{Reason: "Late", Message: "it is gone"})
		apply(t, e, entries(fixed("db", "10.0.0.3")))
		says(accepted, resolved, listening, ready)
	})
}

// TestASinkMayReport: an edge that is done at once says so out of the sink.
func TestASinkMayReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e *engine.Engine
		e = engine.New(engine.Config{
			Resolver: newOutside(),
			Sink: func(s *model.Snapshot) []model.Fault {
				for _, p := range s.Services {
					_ = e.Report(t.Context(), p.Service.Key, &model.Fault{Reason: "Told", Message: "all"})
				}
				return nil
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		var all []model.Service
		for i := range 3000 {
			all = append(all, fixed(fmt.Sprintf("s-%d", i), "10.0.0.1"))
		}
		apply(t, e, entries(all...))
		time.Sleep(time.Second)
		synctest.Wait()
		for _, p := range e.Snapshot().Services {
			if c, _ := p.Decision.Condition(model.Programmed); c.Reason != "Told" {
				t.Fatalf("%s: Programmed is %+v", p.Service.Key, c)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestRevisions: a revision stays while only the time of an answer is new, and
// never comes back.
func TestRevisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.set("db.example.com", time.Second, "10.0.0.1")
		e := run(t, world, &sink{})
		apply(t, e, entries(byHost("db", "db.example.com"), fixed("other", "10.0.0.1")))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		key := byHost("db", "").Key
		first := e.Snapshot().Find(key)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		aged := e.Snapshot().Find(key)
		if aged == first || aged.Revision != first.Revision || first.Revision == 0 {
			t.Errorf("revision %d became %d, the same object: %v; want a fresher one of the same revision", first.Revision, aged.Revision, aged == first)
		}
		seen := []uint64{aged.Revision, e.Snapshot().Find(fixed("other").Key).Revision}
		for i, change := range []func(){
			func() { world.set("db.example.com", time.Second, "10.0.0.2") },
			func() { world.fail("db.example.com", model.Timeout) },
			func() {
				_ = e.Report(t.Context(), key, &model.Fault{Reason: "WriteFailed", Message: "no"})
			},
			func() {
				apply(t, e, engine.Change{Gone: []model.Key{key}})
				apply(t, e, recovered(byHost("db", "db.example.com"), "10.0.0.2"))
			},
		} {
			change()
			time.Sleep(3 * time.Second)
			synctest.Wait()
			now := e.Snapshot().Find(key).Revision
			if slices.Contains(seen, now) {
				t.Errorf("change %d: revision %d was seen before: %v", i, now, seen)
			}
			seen = append(seen, now)
		}
	})
}

// TestRefusedServices: an edit that cannot be followed leaves what is published,
// and keeps it current.
func TestRefusedServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.set("db.example.com", time.Second, "10.0.0.1")
		var log strings.Builder
		e := engine.New(engine.Config{
			Resolver: world, Sink: (&sink{}).publish, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Programmed: func(p *model.Published) (reason, message string) {
				return "Written", fmt.Sprintf("%d stand", len(p.Decision.Endpoints))
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()

		svc := byHost("db", "db.example.com")
		invalid := &model.Refusal{Reason: "Invalid", Message: "no ports; write one"}
		apply(t, e, engine.Change{Services: []engine.Entry{{Service: model.Service{Key: svc.Key, Refusal: invalid}, Standing: []model.Endpoint{{Addr: netip.MustParseAddr("10.0.0.9"), Ready: true}}}}})
		if diff := cmp.Diff([]string{"Accepted False Invalid: no ports; write one", "Ready False Invalid: no ports; write one"}, conditions(e, svc.Key)); diff != "" {
			t.Errorf("conditions of what was never accepted (-want +got):\n%s", diff)
		}
		// What stood before the restart is there for the first spec that is right.
		world.fail("db.example.com", model.Timeout)
		apply(t, e, entries(svc))
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.0.9 ")
		world.set("db.example.com", time.Second, "10.0.0.1")
		time.Sleep(2 * time.Second)
		synctest.Wait()

		svc.Refusal = invalid
		apply(t, e, entries(svc))
		world.set("db.example.com", time.Second, "10.0.0.2")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.0.2 ")
		if diff := cmp.Diff([]string{
			"Accepted False Invalid: no ports; write one",
			"Resolved True Resolved: db.example.com is resolved",
			"Programmed True Written: 1 stand",
			"Ready True EndpointsReady: 1 of 1 endpoints are ready",
		}, conditions(e, svc.Key)); diff != "" {
			t.Errorf("conditions (-want +got):\n%s", diff)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), `accepted=false reason=Invalid message="no ports; write one"`); n != 2 || strings.Contains(log.String(), "ready=false reason=Invalid") {
			t.Errorf("logged %d times, want once for each edit, and not twice for one:\n%s", n, log.String())
		}
	})
}
