package table

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/wire"
)

// moved is a world of services that are not where they should be.
func moved() wire.Status {
	ago := func(d time.Duration) time.Time { return now().Add(-d) }
	check := func(addr, verdict string, since time.Duration, reason, message string) wire.Check {
		return wire.Check{Address: netip.MustParseAddrPort(addr), Verdict: verdict, Since: ago(since), Reason: reason, Message: message}
	}
	ip := netip.MustParseAddr
	db := wire.Published{
		Service: wire.Service{
			Namespace: "reporting", Name: "analytics-db", DNSName: "analytics-db.reporting.svc.cluster.local", Type: "ClusterIP",
			Origin: wire.Origin{Kind: "ExternalService", File: "reporting.yaml", Line: 3}, ClusterIPs: []netip.Addr{ip("127.96.0.10")},
			Ports: []wire.Port{{Name: "postgres", Protocol: "TCP", Port: 5432}},
			Probe: &wire.Probe{
				Kind: "postgres", Interval: wire.Duration(5 * time.Second), Timeout: wire.Duration(time.Second),
				FailureThreshold: 3, SuccessThreshold: 1, Role: "primary",
			},
			Failover: wire.Failover{Failback: "Automatic", FailbackDelay: wire.Duration(time.Minute), WhenAllDown: "KeepLast", MinimumReady: 1},
			Gateway: &wire.Gateway{
				Listeners:  []wire.Listener{{Port: 5432, Protocol: "Postgres"}, {Port: 443, Protocol: "TLS", TLS: "Passthrough"}},
				BackendTLS: &wire.BackendTLS{Verified: true}, LoadBalancing: "RoundRobin", OnTargetDown: "Drain", DrainTimeout: wire.Duration(5 * time.Minute),
			},
		},
		Decision: wire.Decision{
			Active: []string{"standby"}, Priority: 1, ActiveSince: ago(4 * time.Minute),
			Endpoints: []wire.Endpoint{
				{IP: ip("10.0.2.25"), Target: "standby", Ready: true}, {IP: ip("10.0.2.26"), Target: "standby"},
			},
			Targets: []wire.TargetStatus{
				{
					Name: "standby", Priority: 1, Where: "standby-db.example.com", Active: true, Addresses: []netip.Addr{ip("10.0.2.25"), ip("10.0.2.26")},
					Reason: "Resolved", Message: "standby-db.example.com has 2 addresses", ResolvedAt: ago(7 * time.Second),
					Checks: []wire.Check{
						check("10.0.2.25:5432", wire.Up, 3*time.Hour, "", ""),
						check("10.0.2.26:5432", wire.Down, 2*time.Hour, "NotPrimary", "the server is a replica\x1b[31m"),
					},
				},
				{
					Name: "primary", Where: "primary-db.example.com", Addresses: []netip.Addr{ip("10.0.1.25"), ip("10.0.1.26")},
					Reason: "LookupFailed", Message: "primary-db.example.com: no answer", ResolvedAt: ago(10 * time.Minute),
					Checks: []wire.Check{check("10.0.1.25:5432", wire.Down, 5*time.Minute, "ConnectionRefused", "connection refused")},
				},
				{Name: "spare", Priority: 2, Where: "spare-db.example.com", Reason: "Pending", Message: "the first lookup is under way"},
			},
			Conditions: []wire.Condition{
				{Type: "Accepted", Status: "True", Reason: "Accepted", Message: "the manifest is valid", LastTransitionTime: ago(26 * time.Hour)},
				{Type: "Ready", Status: "True", Reason: "EndpointsReady", Message: "1 of 2 endpoints are ready", LastTransitionTime: ago(26 * time.Hour)},
			},
			History: []wire.Transition{
				{
					At: ago(4 * time.Minute), From: []string{"primary"}, To: []string{"standby"}, ToPriority: 1,
					Reason: "TargetDown", Message: "primary is down", Took: wire.Duration(15 * time.Second),
				},
				{At: ago(26 * time.Hour), To: []string{"primary"}, Reason: "FirstTargets", Message: "nothing was published before"},
			},
		},
		Summary: wire.Summary{
			State: wire.Degraded, Reason: wire.ReasonFailedOver, Message: "serves from priority 1 (standby): primary is down",
			Since: ago(26 * time.Hour), ReadyEndpoints: 1, TotalEndpoints: 2,
		},
	}
	pinned := wire.Published{
		Service: wire.Service{
			Namespace: "shop", Name: "crm", Type: "ExternalName", DNSName: "crm.shop.svc.cluster.local",
			Pin: &wire.Pin{Target: "new", By: "ada@laptop", Reason: "a drill", At: ago(90 * time.Second)},
		},
		Decision: wire.Decision{
			Active: []string{"new"}, Pinned: "new", External: &wire.External{Name: "new.example.com"},
			Targets: []wire.TargetStatus{{Name: "new", Where: "new.example.com", Active: true}},
		},
		Summary: wire.Summary{State: wire.NotReady, Reason: "NameNotFound", Message: "new.example.com does not exist", Since: ago(time.Minute)},
	}
	return wire.Status{
		Namespaces: []string{"reporting", "shop"},
		Services:   []wire.Published{db, pinned},
		Problems: []wire.Problem{
			{Severity: "Warning", Object: "ExternalService reporting/analytics-db", Message: "the interval is short"},
			{Severity: "Warning", Object: "ExternalService reporting/other", Message: "is not shown"},
		},
	}
}

func TestDetail(t *testing.T) {
	golden(t, "moved.txt", write(t, moved(), Options{Now: now()}))
	golden(t, "analytics-db.txt", write(t, moved(), Options{Name: "analytics-db", Now: now()}))
	golden(t, "crm.txt", write(t, moved(), Options{Name: "crm", Namespace: "shop", Format: Wide, Now: now()}))
}

// One service is printed as what it is, not as a list of one.
func TestDetailEncoded(t *testing.T) {
	var got wire.Published
	if err := json.Unmarshal([]byte(write(t, moved(), Options{Name: "shop/crm", Format: JSON})), &got); err != nil {
		t.Fatal(err)
	}
	if got.Service.Name != "crm" || got.Service.Pin == nil || got.Service.Pin.By != "ada@laptop" {
		t.Errorf("got %+v", got.Service)
	}
	if got := write(t, moved(), Options{Name: "crm", Format: YAML}); !strings.Contains(got, "\n  pin:\n") {
		t.Errorf("as YAML:\n%s", got)
	}
}

func TestDetailOfNothing(t *testing.T) {
	near := func(string, []string) string { return "analytics-db" }
	err := Write(&strings.Builder{}, moved(), Options{Name: "analitics-db", Near: near})
	if err == nil || err.Error() != `there is no service "analitics-db": did you mean analytics-db?` {
		t.Errorf("error %v", err)
	}
	if err := Write(&strings.Builder{}, moved(), Options{Name: "crm", Format: "xml"}); err == nil {
		t.Error("an unknown format is written")
	}
}
