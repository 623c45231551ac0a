package engine_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

// outside is the world's DNS as these tests set it.
type outside struct {
	mu      sync.Mutex
	answers map[string]model.Observation // by "NAME TYPE"
	delay   time.Duration
	silent  string // names that begin with it time out after 4 s
	asked   map[string]int
	now     func() time.Time
}

func newOutside() *outside {
	return &outside{answers: map[string]model.Observation{}, asked: map[string]int{}, now: time.Now}
}

func (o *outside) set(name string, ttl time.Duration, ips ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	obs := model.Observation{Class: model.Answered, TTL: ttl}
	for _, ip := range ips {
		obs.Addrs = append(obs.Addrs, netip.MustParseAddr(ip))
	}
	o.answers[name+" A"] = obs
}

func (o *outside) fail(name string, c model.Class) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers[name+" A"] = model.Observation{Class: c, Detail: "told to"}
}

func (o *outside) count(name string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked[name+" A"]
}

func (o *outside) Lookup(ctx context.Context, q model.Question) model.Observation {
	key := q.Name + " " + string(q.Type)
	o.mu.Lock()
	o.asked[key]++
	obs, ok := o.answers[key]
	delay := o.delay
	if o.silent != "" && strings.HasPrefix(q.Name, o.silent) {
		obs, ok, delay = model.Observation{Class: model.Timeout, Detail: "silence"}, true, 4*time.Second
	}
	o.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
	}
	if !ok {
		obs = model.Observation{Class: model.Empty, Detail: "no records", TTL: time.Hour}
	}
	obs.Question, obs.At = q, o.now()
	return obs
}

// sink records what it is given.
type sink struct {
	mu     sync.Mutex
	count  int
	faults []model.Fault
}

func (s *sink) publish(*model.Snapshot) []model.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return s.faults
}

func (s *sink) snapshots() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func (s *sink) fault(f ...model.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// run starts an engine inside a synctest bubble, where time stands still until
// everybody waits, and stops it at the end of the test.
func run(t *testing.T, world *outside, s *sink) *engine.Engine {
	t.Helper()
	return start(t, engine.Config{Domain: "cluster.local", Resolver: world, Sink: s.publish})
}

func start(t *testing.T, cfg engine.Config) *engine.Engine {
	t.Helper()
	e := engine.New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return e
}

func set(t *testing.T, e *engine.Engine, services ...model.Service) {
	t.Helper()
	if err := e.Set(t.Context(), engine.Desired{Services: services, Namespaces: []string{"default"}}); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func byHost(name, hostname string) model.Service {
	return model.Service{
		Key: model.Key{Namespace: "default", Name: name}, Type: model.ClusterIP,
		ClusterIPs: []netip.Addr{netip.MustParseAddr("127.96.1.1")},
		Ports:      []model.Port{{Protocol: model.TCP, Port: 5432, TargetPort: 5432}},
		Targets:    []model.Target{{Name: "main", Hostname: hostname}},
		Resolution: model.DefaultResolution(),
	}
}

func published(e *engine.Engine, name string) string {
	p := e.Snapshot().Find(model.Key{Namespace: "default", Name: name})
	if p == nil {
		return "nothing"
	}
	var s string
	for _, ep := range p.Decision.Endpoints {
		s += ep.Addr.String() + " "
	}
	return s
}

func want(t *testing.T, e *engine.Engine, name, addrs string) {
	t.Helper()
	if got := published(e, name); got != addrs {
		t.Errorf("published for %s: %q, want %q", name, got, addrs)
	}
}

func TestFollowsARecordAtItsTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world, s := newOutside(), &sink{}
		world.set("db.example.com", 2*time.Second, "10.0.1.25")
		e := run(t, world, s)
		set(t, e, byHost("db", "db.example.com"))
		want(t, e, "db", "10.0.1.25 ")

		world.set("db.example.com", 2*time.Second, "10.0.1.26")
		time.Sleep(1999 * time.Millisecond)
		synctest.Wait()
		want(t, e, "db", "10.0.1.25 ")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		want(t, e, "db", "10.0.1.26 ")
	})
}

func TestTTLIsBounded(t *testing.T) {
	for name, row := range map[string]struct{ ttl, every time.Duration }{
		"TTL 0 waits minInterval": {0, time.Second},
		"a huge TTL, maxInterval": {1000 * time.Hour, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				world := newOutside()
				world.set("db.example.com", row.ttl, "10.0.1.25")
				e := run(t, world, &sink{})
				set(t, e, byHost("db", "db.example.com"))
				time.Sleep(10*row.every - time.Nanosecond)
				synctest.Wait()
				if got := world.count("db.example.com"); got != 10 {
					t.Errorf("%d lookups in ten intervals, want 10", got)
				}
			})
		})
	}
}

func TestOneQueryForAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.set("db.example.com", 10*time.Second, "10.0.1.25")
		e := run(t, world, &sink{})
		var services []model.Service
		for i := range 100 {
			services = append(services, byHost(fmt.Sprintf("db-%d", i), "DB.example.com"))
		}
		set(t, e, services...)
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if got := world.count("db.example.com"); got != 1 {
			t.Errorf("%d queries within one TTL for a name that 100 services share, want 1", got)
		}
		want(t, e, "db-0", "10.0.1.25 ")
		want(t, e, "db-99", "10.0.1.25 ")
	})
}

func TestAFailedLookupRemovesNothing(t *testing.T) {
	for _, c := range []model.Class{model.Timeout, model.ServerFailure, model.Refused, model.Broken} {
		t.Run(string(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				world := newOutside()
				world.set("db.example.com", time.Second, "10.0.1.25")
				e := run(t, world, &sink{})
				set(t, e, byHost("db", "db.example.com"))
				world.fail("db.example.com", c)
				time.Sleep(time.Hour)
				synctest.Wait()
				want(t, e, "db", "10.0.1.25 ")

				world.set("db.example.com", time.Second, "10.0.1.26")
				time.Sleep(time.Second)
				synctest.Wait()
				want(t, e, "db", "10.0.1.26 ")
			})
		})
	}
}

func TestNXDOMAINIsBelievedAfterItsGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.set("db.example.com", 30*time.Second, "10.0.1.25")
		e := run(t, world, &sink{})
		set(t, e, byHost("db", "db.example.com"))
		world.fail("db.example.com", model.NotFound)
		time.Sleep(89 * time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.1.25 ")
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, e, "db", "")
	})
}

// TestASilentNameDelaysNobody: a name whose server never answers does not hold
// up the others.
func TestASilentNameDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.delay = time.Hour
		e := run(t, world, &sink{})
		set(t, e, byHost("silent", "silent.example.com"))
		world.mu.Lock()
		world.delay = 0
		world.mu.Unlock()
		world.set("db.example.com", time.Second, "10.0.1.25")
		set(t, e, byHost("silent", "silent.example.com"), byHost("db", "db.example.com"))
		want(t, e, "db", "10.0.1.25 ")
	})
}

// TestAJoiningServiceBringsItsBounds: a name that one service asks seldom is
// asked sooner once another service wants so.
func TestAJoiningServiceBringsItsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.set("db.example.com", 2*time.Second, "10.0.1.25")
		e := run(t, world, &sink{})
		slow := byHost("slow", "db.example.com")
		slow.Resolution = model.Resolution{MinInterval: time.Hour, MaxInterval: time.Hour}
		set(t, e, slow)
		time.Sleep(time.Minute)
		set(t, e, slow, byHost("db", "db.example.com"))
		world.set("db.example.com", 2*time.Second, "10.0.1.26")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.1.26 ")

		// And the same service, edited.
		before := world.count("db.example.com")
		set(t, e, slow)
		time.Sleep(10 * time.Minute)
		slow.Resolution = model.DefaultResolution()
		set(t, e, slow)
		time.Sleep(time.Second)
		synctest.Wait()
		if world.count("db.example.com") == before {
			t.Error("an edited minInterval waits for the old one to end")
		}
	})
}

// TestAFaultThatStaysIsNoNews: what the sink cannot do, ever, is tried again and
// not published again, and what stands beside it is ready.
func TestAFaultThatStaysIsNoNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		svc := byHost("db", "")
		svc.Targets = []model.Target{{Name: "main", Addresses: []netip.Addr{netip.MustParseAddr("10.0.1.25")}}}
		s.fault(model.Fault{Key: svc.Key, Reason: "ProtocolNotSupported", Message: "SCTP", Partial: true})
		e := run(t, &outside{now: time.Now}, s)
		set(t, e, svc)
		generation := e.Snapshot().Generation
		time.Sleep(time.Minute)
		synctest.Wait()
		if s.snapshots() < 10 {
			t.Errorf("the sink was asked %d times in a minute, want it to be tried again", s.snapshots())
		}
		if got := e.Snapshot().Generation; got != generation {
			t.Errorf("generation %d became %d while nothing changed", generation, got)
		}
		d := &e.Snapshot().Find(svc.Key).Decision
		programmed, _ := d.Condition(model.Programmed)
		ready, _ := d.Condition(model.Ready)
		if programmed.Status || !ready.Status {
			t.Errorf("Programmed is %+v and Ready %+v, want a service that works in part", programmed, ready)
		}
	})
}

// TestManySilentNamesDelayNobody: thousands of names whose servers never answer
// do not hold up a name that changes.
func TestManySilentNamesDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.silent = "silent"
		world.set("db.example.com", time.Second, "10.0.1.25")
		e := run(t, world, &sink{})
		services := []model.Service{byHost("db", "db.example.com")}
		for i := range 2000 {
			services = append(services, byHost(fmt.Sprintf("s-%d", i), fmt.Sprintf("silent-%d.example.com", i)))
		}
		set(t, e, services...)
		// At first all silent names are new, later all have failed.
		for _, ip := range []string{"10.0.1.26", "10.0.1.27", "10.0.1.28"} {
			world.set("db.example.com", time.Second, ip)
			time.Sleep(time.Second)
			synctest.Wait()
			want(t, e, "db", ip+" ")
			time.Sleep(time.Minute)
		}
	})
}

// TestALookupIsNotRepeatedWhileUnderWay: a service that goes and comes back
// while its name is being looked up takes the answer that is on its way.
func TestALookupIsNotRepeatedWhileUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.delay = 3 * time.Second
		world.set("db.example.com", time.Hour, "10.0.1.25")
		e := run(t, world, &sink{})
		set(t, e, byHost("db", "db.example.com"))
		set(t, e)
		set(t, e, byHost("db", "db.example.com"))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.1.25 ")
		if n := world.count("db.example.com"); n != 1 {
			t.Errorf("%d lookups, want 1", n)
		}
	})
}

func TestRestIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world, s := newOutside(), &sink{}
		e := run(t, world, s)
		fixed := byHost("db", "")
		fixed.Targets = []model.Target{{Name: "main", Addresses: []netip.Addr{netip.MustParseAddr("10.0.1.25")}}}
		set(t, e, fixed)
		before := s.snapshots()
		time.Sleep(time.Hour)
		set(t, e, fixed)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := s.snapshots(); got != before {
			t.Errorf("%d snapshots went out while nothing changed", got-before)
		}
	})
}

func TestFaultsAreShownAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		svc := byHost("db", "")
		svc.Targets = []model.Target{{Name: "main", Addresses: []netip.Addr{netip.MustParseAddr("10.0.1.25")}}}
		s.fault(model.Fault{Key: svc.Key, Reason: "AddressInUse", Message: "taken"})
		e := run(t, newOutside(), s)
		set(t, e, svc)
		check := func(status bool, reason string) {
			t.Helper()
			d := &e.Snapshot().Find(svc.Key).Decision
			p, _ := d.Condition(model.Programmed)
			r, _ := d.Condition(model.Ready)
			if p.Status != status || p.Reason != reason || r.Status != status {
				t.Errorf("Programmed is %+v and Ready %+v, want %v with reason %s", p, r, status, reason)
			}
		}
		check(false, "AddressInUse")
		s.fault()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		check(true, "Listening")
	})
}

func TestADeletedServiceIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.set("db.example.com", time.Second, "10.0.1.25")
		e := run(t, world, &sink{})
		set(t, e, byHost("db", "db.example.com"))
		set(t, e)
		want(t, e, "db", "nothing")
		asked := world.count("db.example.com")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := world.count("db.example.com"); got != asked {
			t.Errorf("%d lookups for a name that nobody wants", got-asked)
		}
	})
}

// TestConditionsKeepTheirTime: Since is when a status changed, not when it was
// last looked at.
func TestConditionsKeepTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.set("db.example.com", time.Second, "10.0.1.25")
		e := run(t, world, &sink{})
		set(t, e, byHost("db", "db.example.com"))
		since := func() time.Time {
			c, _ := e.Snapshot().Find(model.Key{Namespace: "default", Name: "db"}).Decision.Condition(model.Ready)
			return c.Since
		}
		first := since()
		world.set("db.example.com", time.Second, "10.0.1.26")
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, e, "db", "10.0.1.26 ")
		if !since().Equal(first) {
			t.Errorf("Ready since %s, want %s", since(), first)
		}
	})
}
