package engine_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// What a lookup of package resolve does: a query to a silent server is repeated
// until that answers or patience ends.
const (
	repeat   = 800 * time.Millisecond
	patience = 4 * time.Second
)

// weather is the world's DNS, which comes and goes for some names.
type weather struct {
	// rtt is how long an answer takes.
	rtt time.Duration
	// says is what becomes of a lookup now.
	mu   sync.Mutex
	says func(name string) model.Class
	ip   netip.Addr
	// ttl is that of every record.
	ttl time.Duration
	// changed is closed when what DNS does changes.
	changed chan struct{}
}

// set changes what DNS does, and the address of every name.
func (w *weather) set(ip string, says func(name string) model.Class) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ip, w.says = netip.MustParseAddr(ip), says
	if w.changed != nil {
		close(w.changed)
	}
	w.changed = make(chan struct{})
}

func all(c model.Class) func(string) model.Class { return func(string) model.Class { return c } }

// now is what is said to a question, until changed is closed.
func (w *weather) now(q model.Question) (o model.Observation, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o = model.Observation{Question: q, Class: w.says(q.Name), Detail: "told to"}
	switch {
	case o.Class == model.Answered && q.Type == model.A:
		o.Addrs, o.TTL, o.Detail = []netip.Addr{w.ip}, w.ttl, ""
	case !o.Class.Failed():
		o.TTL = w.ttl
		if o.Class == model.Answered {
			o.Class = model.Empty // AAAA
		}
	}
	return o, w.changed
}

func (w *weather) Lookup(ctx context.Context, q model.Question) model.Observation {
	began := time.Now()
	o, changed := w.now(q)
	for o.Class == model.Timeout && ctx.Err() == nil {
		if !wait(ctx, patience-time.Since(began), changed) {
			break
		}
		if sent := time.Since(began).Truncate(repeat) + repeat; sent < patience { // the next query
			wait(ctx, sent-time.Since(began), nil)
			o, changed = w.now(q)
		} else {
			changed = nil
		}
	}
	if o.Class != model.Timeout {
		wait(ctx, w.rtt, nil)
	}
	o.At = time.Now()
	return o
}

// wait reports whether it was ended by changed.
func wait(ctx context.Context, d time.Duration, changed <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-changed:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// arrivals notes when each service was first published with an address.
type arrivals struct {
	mu sync.Mutex
	ip netip.Addr
	at map[model.Key]time.Time
}

func (a *arrivals) await(ip string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ip, a.at = netip.MustParseAddr(ip), map[model.Key]time.Time{}
}

func (a *arrivals) publish(s *model.Snapshot) []model.Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range s.Services {
		if _, ok := a.at[p.Service.Key]; ok || len(p.Decision.Endpoints) != 1 || p.Decision.Endpoints[0].Addr != a.ip {
			continue
		}
		a.at[p.Service.Key] = time.Now()
	}
	return nil
}

// last returns how many have arrived, and when the last one did.
func (a *arrivals) last() (n int, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.at {
		if t.After(at) {
			at = t
		}
	}
	return len(a.at), at
}

func byHosts(n int) []model.Service {
	services := make([]model.Service, 0, n)
	for i := range n {
		services = append(services, byHost(fmt.Sprintf("db-%d", i), fmt.Sprintf("db-%d.example.com", i)))
	}
	return services
}

// TestTheTruthComesBackWithDNS: however long DNS was away, and for however many
// names, what is true then is published within minInterval, and not later.
func TestTheTruthComesBackWithDNS(t *testing.T) {
	for _, tt := range []struct {
		outage time.Duration
		how    model.Class
		names  int
		within time.Duration
		// ends is how many outages there are, each of which ends at another moment
		// between two tries.
		ends int
	}{
		{170 * time.Second, model.Timeout, 1, time.Second, 20},
		{170 * time.Second, model.ServerFailure, 1, time.Second, 10},
		{24 * time.Hour, model.Timeout, 1, time.Second, 1},
		{2 * time.Hour, model.Broken, 1, time.Second, 1},
		{70 * time.Second, model.Timeout, 2000, 2 * time.Second, 1},
		{10 * time.Second, model.Refused, 2000, 2 * time.Second, 1},
	} {
		t.Run(fmt.Sprintf("%d names %s for %s", tt.names, tt.how, tt.outage), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, a := &weather{rtt: 20 * time.Millisecond, ttl: 10 * time.Second}, &arrivals{}
				w.set("10.0.1.25", all(model.Answered))
				a.await("10.0.1.25")
				e := engine.New(engine.Config{Domain: "cluster.local", Resolver: w, Sink: a.publish})
				running(t, e)
				set(t, e, byHosts(tt.names)...)
				time.Sleep(5 * time.Second)
				if n, _ := a.last(); n != tt.names {
					t.Fatalf("%d names are resolved, want %d", n, tt.names)
				}
				var worst time.Duration
				for i := range tt.ends {
					ip := fmt.Sprint("10.0.2.", i)
					w.set(ip, all(tt.how))
					time.Sleep(tt.outage + time.Duration(i)*270*time.Millisecond)
					a.await(ip)
					back := time.Now()
					w.set(ip, all(model.Answered))
					time.Sleep(20 * time.Second)
					n, last := a.last()
					if n != tt.names || last.Sub(back) > tt.within+w.rtt {
						t.Errorf("%d names are true again, the last %s after DNS came back; want %d within %s", n, last.Sub(back), tt.names, tt.within)
					}
					worst = max(worst, last.Sub(back))
				}
				t.Logf("the last name is true again %s after DNS came back, at worst", worst)
			})
		})
	}
}

func running(t *testing.T, e *engine.Engine) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
