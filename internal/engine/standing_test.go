package engine_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// apply is one change, taken and carried out.
func apply(t *testing.T, e *engine.Engine, c engine.Change) {
	t.Helper()
	if err := e.Apply(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// recovered is a service with what stood before a restart.
func recovered(s model.Service, ips ...string) engine.Change {
	e := engine.Entry{Service: s}
	for _, ip := range ips {
		e.Standing = append(e.Standing, model.Endpoint{Addr: netip.MustParseAddr(ip), Ready: true})
	}
	return engine.Change{Services: []engine.Entry{e}}
}

func TestARestartDuringAnOutageLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.fail("db.example.com", model.Timeout)
		e := run(t, world, &sink{})
		apply(t, e, recovered(byHost("db", "db.example.com"), "10.0.1.25", "10.0.1.26"))
		want(t, e, "db", "10.0.1.25 10.0.1.26 ")
		time.Sleep(time.Hour)
		synctest.Wait()
		want(t, e, "db", "10.0.1.25 10.0.1.26 ")

		world.set("db.example.com", time.Second, "10.0.1.27")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.1.27 ")

		// What stood is forgotten, and comes back neither with a failure nor with an
		// edit.
		world.fail("db.example.com", model.NotFound)
		time.Sleep(2 * time.Minute)
		world.fail("db.example.com", model.Timeout)
		edited := byHost("db", "db.example.com")
		edited.SessionAffinity = time.Hour
		apply(t, e, recovered(edited, "10.0.1.25"))
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, e, "db", "")
	})
}

// TestNothingIsWithdrawnBeforeTheFirstAnswer: also in the very first snapshot.
func TestNothingIsWithdrawnBeforeTheFirstAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.delay = time.Second
		world.set("db.example.com", time.Hour, "10.0.1.27")
		e := run(t, world, &sink{})
		apply(t, e, recovered(byHost("db", "db.example.com"), "10.0.1.25"))
		want(t, e, "db", "10.0.1.25 ")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.1.27 ")
	})
}

// TestAnEditHasNoGap: the old addresses stay until the new name is known, however
// the edit comes in.
func TestAnEditHasNoGap(t *testing.T) {
	for name, edit := range map[string]func(*testing.T, *engine.Engine, model.Service){
		"Set": func(t *testing.T, e *engine.Engine, s model.Service) { set(t, e, s) },
		"Apply": func(t *testing.T, e *engine.Engine, s model.Service) {
			apply(t, e, recovered(s, "10.9.9.9")) // which counts for new services only
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				world := newOutside()
				world.set("db.example.com", time.Hour, "10.0.1.25")
				world.set("new.example.com", time.Hour, "10.0.1.26")
				e := run(t, world, &sink{})
				set(t, e, byHost("db", "db.example.com"))
				world.mu.Lock()
				world.delay = 3 * time.Second
				world.mu.Unlock()
				edit(t, e, byHost("db", "new.example.com"))
				want(t, e, "db", "10.0.1.25 ")
				time.Sleep(4 * time.Second)
				synctest.Wait()
				want(t, e, "db", "10.0.1.26 ")
			})
		})
	}
}

// TestAnEditElsewhere: an edit that does not touch where the targets are leaves what stood
// before a restart.
func TestAnEditElsewhere(t *testing.T) {
	for name, edit := range map[string]func(*model.Service){
		"affinity":   func(s *model.Service) { s.SessionAffinity = time.Hour },
		"resolution": func(s *model.Service) { s.Resolution.MaxInterval = time.Hour },
		"refused":    func(s *model.Service) { s.Refusal = &model.Refusal{Reason: "Invalid", Message: "no"} },
		"failover":   func(s *model.Service) { s.Failover.Withdraw = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				world := newOutside()
				world.set("db.example.com", time.Second, "10.0.1.25")
				world.answers["db.example.com AAAA"] = model.Observation{Class: model.Timeout, Detail: "silence"}
				e := run(t, world, &sink{})
				db := byHost("db", "db.example.com")
				apply(t, e, recovered(db, "10.0.1.25", "fd00::25"))
				want(t, e, "db", "10.0.1.25 fd00::25 ")
				edit(&db)
				apply(t, e, engine.Change{Services: []engine.Entry{{Service: db}}})
				want(t, e, "db", "10.0.1.25 fd00::25 ")
			})
		})
	}
}

func TestAnEditToAMistypedName(t *testing.T) {
	t.Run("that does not exist", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			world := newOutside()
			world.set("db.example.com", time.Hour, "10.0.1.25")
			world.fail("bd.example.com", model.NotFound)
			e := run(t, world, &sink{})
			// Others have long known that it does not exist.
			set(t, e, byHost("db", "db.example.com"), byHost("other", "bd.example.com"))
			time.Sleep(10 * time.Minute)
			set(t, e, byHost("db", "bd.example.com"), byHost("other", "bd.example.com"))
			time.Sleep(59 * time.Second)
			synctest.Wait()
			want(t, e, "db", "10.0.1.25 ")
			time.Sleep(2 * time.Second)
			synctest.Wait()
			want(t, e, "db", "")
		})
	})
	t.Run("whose server fails, and back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			world := newOutside()
			world.set("db.example.com", time.Hour, "10.0.1.25")
			world.fail("bd.example.com", model.ServerFailure)
			e := run(t, world, &sink{})
			set(t, e, byHost("db", "db.example.com"))
			set(t, e, byHost("db", "bd.example.com"))
			time.Sleep(time.Hour)
			synctest.Wait()
			want(t, e, "db", "10.0.1.25 ")
			set(t, e, byHost("db", "be.example.com")) // once more, while nothing is known
			want(t, e, "db", "10.0.1.25 ")
			set(t, e, byHost("db", "db.example.com"))
			synctest.Wait()
			want(t, e, "db", "10.0.1.25 ")
			if p := e.Snapshot().Find(model.Key{Namespace: "default", Name: "db"}); !p.Decision.Settled {
				t.Error("the name is known, and what stood before is still needed")
			}
		})
	})
}

// TestAServiceThatBeginsAnew: what is gone and wanted in one change has what the
// change says stands, and is in every snapshot.
func TestAServiceThatBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world, missing := newOutside(), 0
		world.set("db.example.com", time.Hour, "10.0.1.25")
		world.fail("bd.example.com", model.ServerFailure)
		key := model.Key{Namespace: "default", Name: "db"}
		e := engine.New(engine.Config{Resolver: world, Sink: func(s *model.Snapshot) []model.Fault {
			if s.Find(key) == nil {
				missing++
			}
			return nil
		}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		set(t, e, byHost("db", "db.example.com"))
		c := recovered(byHost("db", "bd.example.com"), "10.0.1.99")
		c.Gone = []model.Key{key}
		apply(t, e, c)
		want(t, e, "db", "10.0.1.99 ")
		if missing > 0 {
			t.Errorf("it is missing from %d snapshots", missing)
		}
		apply(t, e, engine.Change{Gone: c.Gone})
		want(t, e, "db", "nothing")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestWhatStoodIsForgotten: once every name is known, it does not come back with
// the next one that is not.
func TestWhatStoodIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		hosts := func(names ...string) {
			o := model.Observation{Class: model.Answered, TTL: time.Second}
			for _, n := range names {
				o.Hosts = append(o.Hosts, model.Host{Name: n, Port: 7000})
			}
			world.mu.Lock()
			defer world.mu.Unlock()
			world.answers["_pg._tcp.example.com SRV"] = o
		}
		hosts("a.example.com")
		world.set("a.example.com", time.Hour, "10.0.1.25")
		world.fail("b.example.com", model.Timeout)
		svc := byHost("db", "")
		svc.Targets = []model.Target{{Name: "main", SRV: "_pg._tcp.example.com"}}
		c := recovered(svc, "10.0.1.99")
		c.Services[0].Standing[0].Ports = []model.EndpointPort{{Protocol: model.TCP, Port: 7000}}
		e := run(t, world, &sink{})
		apply(t, e, c)
		want(t, e, "db", "10.0.1.25 ")
		hosts("a.example.com", "b.example.com")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.1.25 ")
	})
}
