package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// amidSilence is an engine with one name that answers, and many that begin as others
// has them and then say nothing: as many for each lookup at a time as 2,000 are by
// default.
func amidSilence(t *testing.T, others model.Class) (w *weather, a *arrivals) {
	t.Helper()
	w, a = &weather{rtt: 20 * time.Millisecond, ttl: time.Second}, &arrivals{}
	w.set("10.0.1.25", but(others, model.Answered))
	e := engine.New(engine.Config{Domain: "cluster.local", Resolver: w, Sink: a.publish, Lookups: 64})
	running(t, e)
	set(t, e, append(byHosts(250), byHost("one", "one.example.org"))...)
	time.Sleep(2 * time.Second)
	return w, a
}

// but has all names say the same, except for one.
func but(others, one model.Class) func(string) model.Class {
	return func(name string) model.Class {
		if strings.HasPrefix(name, "one.") {
			return one
		}
		return others
	}
}

// arrives is how long the one name takes to be published with a new address.
func arrives(t *testing.T, w *weather, a *arrivals, ip string) time.Duration {
	t.Helper()
	a.await(ip)
	back := time.Now()
	w.set(ip, but(model.Timeout, model.Answered))
	time.Sleep(30 * time.Second)
	n, last := a.last()
	if n != 1 {
		t.Fatalf("%d services are published with %s, want one", n, ip)
	}
	return last.Sub(back)
}

// TestANameThatFailsAmongSilentOnes: thousands of names that never answer do not hold
// up one that fails for a while. Where that is silent itself, it waits at most for
// one of them to give up.
func TestANameThatFailsAmongSilentOnes(t *testing.T) {
	for how, within := range map[model.Class]time.Duration{model.ServerFailure: time.Second, model.Timeout: patience} {
		t.Run(string(how), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, a := amidSilence(t, model.Timeout)
				time.Sleep(20 * time.Minute)
				for i, fails := range []time.Duration{3 * time.Second, 10 * time.Second, 30 * time.Second} {
					w.set("10.0.1.25", but(model.Timeout, how))
					time.Sleep(fails)
					took := arrives(t, w, a, fmt.Sprint("10.0.2.", i))
					t.Logf("after %s of %s it is published again after %s", fails, how, took)
					if took > within+w.rtt {
						t.Errorf("after %s of %s it is published again after %s, want %s", fails, how, took, within)
					}
				}
			})
		})
	}
}

// TestManyNamesFallSilentAtOnce: however many names cease to answer at the same time,
// one that does is followed, a little later at first.
func TestManyNamesFallSilentAtOnce(t *testing.T) {
	for _, later := range []time.Duration{0, 30 * time.Second} {
		t.Run(later.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, a := amidSilence(t, model.Answered)
				w.set("10.0.1.25", but(model.Timeout, model.Answered))
				time.Sleep(later)
				took := arrives(t, w, a, "10.0.2.1")
				t.Logf("a change %s later is published after %s", later, took)
				if took > 10*time.Second {
					t.Errorf("a change %s later is published after %s", later, took)
				}
			})
		})
	}
}
