package engine_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// prober probes endpoints as these tests say.
type prober struct {
	mu sync.Mutex
	// down are the addresses that refuse, silent those that answer nothing.
	down, silent string
	began        map[string][]time.Time // by address
	most, now    int
}

func newProber() *prober { return &prober{began: map[string][]time.Time{}} }

func (p *prober) set(down, silent string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.silent = down, silent
}

func (p *prober) times(addr string) []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.began[addr])
}

func (p *prober) Probe(ctx context.Context, _ string, spec *model.Probe, c model.Check) model.Result {
	r := model.Result{Check: c, Began: time.Now(), Up: true}
	addr := c.Addr.Addr().String()
	p.mu.Lock()
	p.began[addr] = append(p.began[addr], r.Began)
	p.now++
	p.most = max(p.most, p.now)
	silent := strings.Contains(p.silent, addr+" ")
	r.Up = !silent && !strings.Contains(p.down, addr+" ")
	p.mu.Unlock()
	if silent {
		select {
		case <-time.After(spec.Timeout):
		case <-ctx.Done():
		}
	}
	if !r.Up {
		r.Reason, r.Detail = model.ProbeRefused, "told to"
	}
	r.Took = time.Since(r.Began)
	p.mu.Lock()
	p.now--
	p.mu.Unlock()
	return r
}

// probedService has a tier for each address.
func probedService(name string, ips ...string) model.Service {
	s := fixed(name)
	s.Targets = nil
	for i, ip := range ips {
		s.Targets = append(s.Targets, model.Target{Name: string(rune('a' + i)), Priority: i, Addresses: []netip.Addr{netip.MustParseAddr(ip)}})
	}
	s.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 10 * time.Second, Timeout: time.Second, FailureThreshold: 3, SuccessThreshold: 2}
	s.Failover = model.DefaultFailover()
	return s
}

func runProbing(t *testing.T, p *prober, probes int) *engine.Engine {
	t.Helper()
	return start(t, engine.Config{Domain: "cluster.local", Resolver: newOutside(), Sink: (&sink{}).publish, Prober: p, Probes: probes})
}

func TestATierThatDiesIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProber()
		e := runProbing(t, p, 0)
		set(t, e, probedService("db", "10.0.0.1", "10.0.0.2"))
		want(t, e, "db", "10.0.0.1 ")
		p.set("10.0.0.1 ", "")
		time.Sleep(30*time.Second + time.Millisecond)
		synctest.Wait()
		want(t, e, "db", "10.0.0.2 ")
		p.set("", "")
		time.Sleep(80 * time.Second) // two successes, and failbackDelay
		synctest.Wait()
		want(t, e, "db", "10.0.0.1 ")
		if h := e.Snapshot().Find(model.Key{Namespace: "default", Name: "db"}).Decision.History; len(h) != 3 {
			t.Errorf("the history is %+v, want a start and two moves", h)
		}
	})
}

// TestProbesAreSpreadAndNeverLate: from the beginning of one to that of the next it
// is the interval or a little less.
func TestProbesAreSpreadAndNeverLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProber()
		e := runProbing(t, p, 0)
		set(t, e, probedService("db", "10.0.0.1"))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		began := p.times("10.0.0.1")
		if len(began) < 60 || len(began) > 68 {
			t.Errorf("%d probes in ten minutes, want one in 9 to 10 s", len(began))
		}
		distinct := map[time.Duration]bool{}
		for i := 2; i < len(began); i++ {
			d := began[i].Sub(began[i-1])
			distinct[d] = true
			if d < 9*time.Second || d > 10*time.Second {
				t.Errorf("the probe after %s", d)
			}
		}
		if len(distinct) < 10 {
			t.Errorf("%d different pauses: they are not jittered", len(distinct))
		}
	})
}

// TestSilentTargetsDelayNobody: with places for 30 probes and 300 endpoints that
// answer nothing, the others are probed in time, and no more than 30 at once.
func TestSilentTargetsDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProber()
		e := runProbing(t, p, 30)
		var services []model.Service
		silent := ""
		for i := range 300 {
			ip := netip.AddrFrom4([4]byte{10, 1, byte(i / 200), byte(i%200 + 1)}).String()
			s := probedService("silent-"+string(rune('a'+i/26))+string(rune('a'+i%26)), ip)
			s.Probe.Interval = time.Second
			services = append(services, s)
			silent += ip + " "
		}
		p.set("", silent)
		services = append(services, probedService("db", "10.0.0.1"))
		set(t, e, services...)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		began := p.times("10.0.0.1")
		if len(began) < 28 {
			t.Errorf("%d probes of the live one in five minutes, want one in 9 to 10 s", len(began))
		}
		for i := max(2, len(began)-20); i < len(began); i++ {
			if d := began[i].Sub(began[i-1]); d > 10*time.Second {
				t.Errorf("the live one waited %s for its probe", d)
			}
		}
		if p.most > 30 {
			t.Errorf("%d probes at the same time, want at most 30", p.most)
		}
	})
}

// TestSlowTargetsDelayNobody: 300 endpoints that hang for 25 s each time, and are not
// down for long, leave places for one that is new.
func TestSlowTargetsDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProber()
		e := runProbing(t, p, 32)
		var services []model.Service
		silent := ""
		for i := range 300 {
			ip := netip.AddrFrom4([4]byte{10, 1, byte(i / 200), byte(i%200 + 1)}).String()
			s := probedService("slow-"+string(rune('a'+i/26))+string(rune('a'+i%26)), ip)
			s.Probe.Interval, s.Probe.Timeout, s.Probe.FailureThreshold = time.Second, 25*time.Second, 1000
			services = append(services, s)
			silent += ip + " "
		}
		set(t, e, services...)
		time.Sleep(time.Minute)
		p.set("", silent)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		set(t, e, append(services, probedService("db", "10.0.0.1"))...)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if len(p.times("10.0.0.1")) == 0 {
			t.Error("what is new is not probed within 3 s")
		}
		if p.most > 4*32 {
			t.Errorf("%d probes at the same time, want at most four times 32", p.most)
		}
	})
}

// TestConfirmationIsAskedForAtOnce: with a threshold of one there is no other probe of
// the standby between the failure and the verdict.
func TestConfirmationIsAskedForAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProber()
		e := runProbing(t, p, 0)
		s := probedService("db", "10.0.0.1", "10.0.0.2")
		s.Probe.FailureThreshold = 1
		set(t, e, s)
		time.Sleep(time.Minute)
		p.set("10.0.0.1 ", "")
		began := len(p.times("10.0.0.1"))
		for len(p.times("10.0.0.1")) == began {
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		want(t, e, "db", "10.0.0.2 ")
	})
}

// TestAnEditedProbeIsAskedAtOnce, and what was held until then stays.
func TestAnEditedProbeIsAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProber()
		e := runProbing(t, p, 0)
		s := probedService("db", "10.0.0.1", "10.0.0.2")
		s.Probe.Interval = time.Hour
		set(t, e, s)
		before := len(p.times("10.0.0.1"))
		edited := *s.Probe
		edited.FailureThreshold = 1
		s.Probe = &edited
		p.set("10.0.0.1 ", "")
		set(t, e, s)
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(p.times("10.0.0.1")); n == before {
			t.Error("an edited probe waits for the interval of the old one")
		}
		want(t, e, "db", "10.0.0.2 ")
	})
}

// TestAnEditedProbeCountsAnew: failures in a row are answers to one question.
func TestAnEditedProbeCountsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProber()
		e := runProbing(t, p, 0)
		s := probedService("db", "10.0.0.1", "10.0.0.2")
		set(t, e, s)
		p.set("10.0.0.1 ", "")
		time.Sleep(20*time.Second + time.Millisecond) // two failures at least, of three that it takes
		synctest.Wait()
		want(t, e, "db", "10.0.0.1 ")
		edited := *s.Probe
		edited.Timeout *= 2
		s.Probe = &edited
		set(t, e, s)
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, e, "db", "10.0.0.1 ")
	})
}

// TestAServiceThatGoesAndComesIsProbed, also while a probe of it is under way.
func TestAServiceThatGoesAndComesIsProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProber()
		p.set("", "10.0.0.1 ")
		e := runProbing(t, p, 0)
		s := probedService("db", "10.0.0.1")
		apply(t, e, entries(s))
		apply(t, e, engine.Change{Gone: []model.Key{s.Key}})
		apply(t, e, entries(s))
		p.set("", "")
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(p.times("10.0.0.1")); n < 5 {
			t.Errorf("%d probes in a minute", n)
		}
	})
}

// TestNothingIsPublishedForProbesThatPass: at rest there is no news.
func TestNothingIsPublishedForProbesThatPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newProber(), &sink{}
		p.set("10.0.0.3 ", "10.0.0.2 ")
		e := start(t, engine.Config{Domain: "cluster.local", Resolver: newOutside(), Sink: s.publish, Prober: p})
		set(t, e, probedService("db", "10.0.0.1", "10.0.0.2", "10.0.0.3"))
		time.Sleep(time.Minute)
		synctest.Wait()
		before := s.snapshots()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := s.snapshots() - before; n > 0 {
			t.Errorf("%d snapshots in an hour in which nothing happened", n)
		}
	})
}
