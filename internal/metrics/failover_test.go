package metrics

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// failedOver is a service that is published from its second tier, and one that is
// pinned.
func failedOver(history ...model.Transition) *model.Snapshot {
	check := func(addr string, v model.Verdict) model.CheckStatus {
		return model.CheckStatus{Addr: netip.MustParseAddrPort(addr), Verdict: v}
	}
	return model.NewSnapshot("cluster.local", nil, []*model.Published{
		{
			Service: model.Service{Key: db(), Probe: &model.Probe{Kind: model.ProbeTCP}},
			Decision: model.Decision{
				Active: []string{"standby"}, Priority: 20, History: history,
				Targets: []model.TargetStatus{
					{Name: "standby", Priority: 20, Checks: []model.CheckStatus{check("10.0.2.1:5432", model.Up)}},
					{Name: "primary", Priority: 10, Checks: []model.CheckStatus{
						check("10.0.1.1:5432", model.Down), check("[2001:db8::1]:5432", model.Unjudged),
						// Two names, one address.
						check("10.0.1.2:5432", model.Up), check("10.0.1.2:5432", model.Down),
					}},
				},
			},
		},
		{
			Service:  model.Service{Key: crm(), Pin: &model.Pin{Target: "new"}},
			Decision: model.Decision{State: model.State{Pinned: "new"}},
		},
		{Service: model.Service{Key: model.Key{Namespace: "shop", Name: "plain"}}},
	}, nil)
}

func TestFailover(t *testing.T) {
	f := newFixture(t, failedOver())
	f.want(t, `
# HELP fairlead_probe_up 1 if an endpoint of a service is up, 0 if it is down; absent until it is known.
# TYPE fairlead_probe_up gauge
fairlead_probe_up{address="10.0.1.1:5432",name="db",namespace="reporting",target="primary"} 0
fairlead_probe_up{address="10.0.1.2:5432",name="db",namespace="reporting",target="primary"} 0
fairlead_probe_up{address="10.0.2.1:5432",name="db",namespace="reporting",target="standby"} 1
# HELP fairlead_service_active_priority The priority of the tier that a service is published from.
# TYPE fairlead_service_active_priority gauge
fairlead_service_active_priority{name="db",namespace="reporting"} 20
# HELP fairlead_service_best_priority The priority of the tier that a service is published from while all is well.
# TYPE fairlead_service_best_priority gauge
fairlead_service_best_priority{name="db",namespace="reporting"} 10
# HELP fairlead_service_pinned 1 if a person has pinned a service to a target, else 0.
# TYPE fairlead_service_pinned gauge
fairlead_service_pinned{name="crm",namespace="shop"} 1
fairlead_service_pinned{name="db",namespace="reporting"} 0
# HELP fairlead_service_transitions_total Moves of a service from some targets to others.
# TYPE fairlead_service_transitions_total counter
fairlead_service_transitions_total{name="crm",namespace="shop"} 0
fairlead_service_transitions_total{name="db",namespace="reporting"} 0
`, "fairlead_probe_up", "fairlead_service_active_priority", "fairlead_service_best_priority", "fairlead_service_pinned",
		"fairlead_service_transitions_total")
}

// A move is counted once, however often it is scraped; what was before this
// process, and the first targets, are no moves of it.
func TestTransitionsAreCountedOnce(t *testing.T) {
	f := newFixture(t, failedOver())
	move := func(after time.Duration) model.Transition {
		return model.Transition{At: time.Now().Add(after), From: []string{"a"}, To: []string{"b"}}
	}
	want := func(n float64) {
		t.Helper()
		for range 2 {
			got := -1.0
			for line := range strings.Lines(f.page(t)) {
				if v, ok := strings.CutPrefix(line, `fairlead_service_transitions_total{name="db",namespace="reporting"} `); ok {
					got, _ = strconv.ParseFloat(strings.TrimSpace(v), 64)
				}
			}
			if got != n {
				t.Errorf("%v moves are counted, want %v", got, n)
			}
		}
	}
	old, started := move(-time.Hour), model.Transition{At: time.Now().Add(time.Second), To: []string{"a"}}
	a, b, c := move(time.Minute), move(2*time.Minute), move(3*time.Minute)
	f.set(failedOver(started, old))
	want(0)
	f.set(failedOver(b, a, started, old))
	want(2)
	f.set(failedOver(c, b, a))
	want(3)
	f.set(model.NewSnapshot("cluster.local", nil, nil, nil))
	for _, name := range []string{"fairlead_service_transitions_total", "fairlead_probe_up"} {
		if n := f.count(t, name); n != 0 {
			t.Errorf("%d series of %s of a service that is gone", n, name)
		}
	}
}

func TestProbesHaveBoundedLabels(t *testing.T) {
	f := newFixture(t, world())
	for i := range 100 {
		f.Probe(model.ProbeKind(rune('a'+i)), model.Result{Reason: string(rune('a' + i))}, 0)
	}
	f.Probe(model.ProbePostgres, model.Result{Reason: model.ProbeNotPrimary, Took: 30 * time.Millisecond}, -time.Second)
	f.Probe(model.ProbePostgres, model.Result{Up: true, Reason: "x", Took: time.Millisecond}, 3*time.Millisecond)
	f.want(t, `
# HELP fairlead_probes_total Probes that have ended, by kind and result (Succeeded, or the reason of the failure).
# TYPE fairlead_probes_total counter
fairlead_probes_total{kind="other",result="other"} 100
fairlead_probes_total{kind="postgres",result="NotPrimary"} 1
fairlead_probes_total{kind="postgres",result="Succeeded"} 1
`, "fairlead_probes_total")
	for _, name := range []string{"fairlead_probe_duration_seconds", "fairlead_probe_delay_seconds"} {
		if n := f.count(t, name); n != 2 {
			t.Errorf("%d of %s, want one for each kind", n, name)
		}
	}
}

func BenchmarkProbe(b *testing.B) {
	f := fixture{Metrics: &Metrics{probes: newProbeMetrics()}}
	b.ReportAllocs()
	for b.Loop() {
		f.Probe(model.ProbeTCP, model.Result{Up: true, Took: time.Millisecond}, time.Millisecond)
	}
}
