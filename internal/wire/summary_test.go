package wire

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/model"
)

func TestSummary(t *testing.T) {
	c := func(typ model.ConditionType, status bool, reason string) model.Condition {
		return model.Condition{Type: typ, Status: status, Reason: reason, Message: "says " + reason}
	}
	ends := []model.Endpoint{{Ready: true}, {Ready: false}, {Ready: true}}
	for _, test := range []struct {
		name  string
		given model.Decision
		want  Summary
	}{
		{"nothing decided", model.Decision{}, Summary{State: Unknown}},
		{
			"ready",
			model.Decision{Endpoints: ends, Conditions: []model.Condition{c(model.Accepted, true, "A"), c(model.Ready, true, "R")}},
			Summary{State: Ready, Reason: "R", Message: "says R", ReadyEndpoints: 2, TotalEndpoints: 3},
		},
		{
			"ready, and the names are not confirmed",
			model.Decision{Conditions: []model.Condition{c(model.Resolvable, false, "LookupFailed"), c(model.Ready, true, "R")}},
			Summary{State: Degraded, Reason: "LookupFailed", Message: "says LookupFailed"},
		},
		{
			"not ready: the reason is that of Ready",
			model.Decision{Conditions: []model.Condition{c(model.Resolvable, false, "NameNotFound"), c(model.Ready, false, "NoEndpoints")}},
			Summary{State: NotReady, Reason: "NoEndpoints", Message: "says NoEndpoints"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := FromPublished("d", &model.Published{Decision: test.given}).Summary
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestStanding: what the summary says of a service that is pinned, or is not
// where it should be.
func TestStanding(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	check := func(ip string, v model.Verdict, message string) model.CheckStatus {
		return model.CheckStatus{Addr: netip.MustParseAddrPort(ip), Verdict: v, Message: message}
	}
	ready := model.Condition{Type: model.Ready, Status: true, Reason: "EndpointsReady", Message: "1 of 1 endpoints are ready"}
	lost := model.Condition{Type: model.Ready, Reason: "NoReadyEndpoints", Message: "0 of 1 endpoints are ready"}
	stale := model.Condition{Type: model.Resolvable, Reason: "LookupFailed", Message: "the lookup timed out"}
	moved := func(primary ...model.CheckStatus) model.Decision {
		return model.Decision{
			Active: []string{"standby", "spare"}, Priority: 1, ActiveSince: since, Conditions: []model.Condition{ready},
			Targets: []model.TargetStatus{
				{Name: "last", Priority: 2},
				{Name: "standby", Priority: 1, Active: true},
				{Name: "spare", Priority: 1, Active: true},
				{Name: "primary", Message: "db.example.com does not exist", Checks: primary},
			},
		}
	}
	at := "serves from priority 1 (standby, spare) since 2026-03-01T11:00:00Z: "
	down := check("10.0.1.25:5432", model.Down, "connection refused")
	home := model.Decision{Active: []string{"primary"}, Conditions: []model.Condition{ready}, Targets: []model.TargetStatus{{Name: "primary", Active: true}}}
	pin := &model.Pin{Target: "standby", By: "ada", Reason: "a drill", At: since}
	followed := func(d model.Decision) model.Decision { d.State.Pinned = "standby"; return d }
	for _, test := range []struct {
		name    string
		service model.Service
		d       model.Decision
		state   State
		reason  string
		message string
	}{
		{"at home", model.Service{}, home, Ready, "EndpointsReady", ready.Message},
		{"the best is down", model.Service{}, moved(down), Degraded, ReasonFailedOver, at + "primary is down: 10.0.1.25:5432: connection refused"},
		{
			"with its address once",
			model.Service{},
			moved(check("10.0.1.25:5432", model.Down, "10.0.1.25:5432 refuses")),
			Degraded, ReasonFailedOver, at + "primary is down: 10.0.1.25:5432 refuses",
		},
		{
			"too few of it are up",
			model.Service{},
			moved(check("10.0.1.24:5432", model.Up, ""), down),
			Degraded, ReasonFailedOver, at + "1 of 2 endpoints of primary are up: 10.0.1.25:5432: connection refused",
		},
		{
			"it is back, and waits",
			model.Service{Failover: model.DefaultFailover()},
			moved(check("10.0.1.24:5432", model.Up, "")),
			Degraded, ReasonFailedOver, at + "primary is up again, and takes over once it was up for 1m",
		},
		{
			"it is back, and a person decides",
			model.Service{Failover: model.Failover{ManualFailback: true, FailbackDelay: time.Minute}},
			moved(check("10.0.1.24:5432", model.Up, "")),
			Degraded, ReasonFailedOver, at + "primary is up again, and failback is manual",
		},
		{"its name is gone", model.Service{}, moved(), Degraded, ReasonFailedOver, at + "primary: db.example.com does not exist"},
		{"pinned to nothing", model.Service{Pin: pin}, home, Ready, "EndpointsReady", ready.Message},
		{"pinned where it is", model.Service{Pin: pin}, followed(home), Degraded, ReasonPinned, "pinned to standby by ada at 2026-03-01T11:00:00Z: a drill"},
		{"pinned elsewhere", model.Service{Pin: &model.Pin{Target: "standby"}}, followed(moved(down)), Degraded, ReasonPinned, "pinned to standby"},
		{
			"and its names are stale",
			model.Service{},
			func() model.Decision { d := moved(down); d.Conditions = []model.Condition{stale, ready}; return d }(),
			Degraded, ReasonFailedOver, at + "primary is down: 10.0.1.25:5432: connection refused; the lookup timed out",
		},
		{
			"pinned to what is down",
			model.Service{Pin: pin},
			func() model.Decision { d := followed(moved()); d.Conditions = []model.Condition{lost}; return d }(),
			NotReady, "NoReadyEndpoints", "0 of 1 endpoints are ready; pinned to standby by ada at 2026-03-01T11:00:00Z: a drill",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := FromPublished("d", &model.Published{Service: test.service, Decision: test.d}).Summary
			if diff := cmp.Diff([]string{string(test.state), test.reason, test.message}, []string{string(got.State), got.Reason, got.Message}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	// Of several better targets, one that is down says more than one that is not.
	d := moved(check("10.0.1.24:5432", model.Up, ""))
	d.Targets = append(d.Targets, model.TargetStatus{Name: "other", Checks: []model.CheckStatus{down}})
	if got := FromPublished("d", &model.Published{Decision: d}).Summary.Message; !strings.Contains(got, ": other is down: ") {
		t.Errorf("it says %q", got)
	}
}
