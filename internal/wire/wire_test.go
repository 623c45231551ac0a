package wire

import (
	"encoding/json"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fairlead.dev/internal/model"
)

// full is a snapshot that sets every field once.
func full() (Info, *model.Snapshot) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))
	ip, ip6 := netip.MustParseAddr("10.0.1.25"), netip.MustParseAddr("2001:db8::25")
	endpoint := model.Endpoint{
		Addr: ip, Hostname: "node-0", Target: "primary", Ready: true,
		Ports: []model.EndpointPort{{Name: "postgres", Protocol: model.TCP, Port: 5432}},
	}
	p := &model.Published{
		Service: model.Service{
			Key: model.Key{Namespace: "reporting", Name: "analytics-db"}, Type: model.ClusterIP,
			Origin:     model.Origin{Kind: "ExternalService", File: "db.yaml", Line: 3},
			ClusterIPs: []netip.Addr{netip.MustParseAddr("127.96.0.10")},
			Ports:      []model.Port{{Name: "postgres", Protocol: model.TCP, Port: 5432, TargetPort: 6432, AppProtocol: "postgresql"}},
			Targets: []model.Target{
				{Name: "primary", Hostname: "db.example.com"},
				{Name: "standby", Priority: 1, SRV: "_pg._tcp.example.com"},
				{Name: "fixed", Priority: 2, Addresses: []netip.Addr{ip}},
				{Name: "listed", Priority: 3, Endpoints: []model.Endpoint{endpoint}},
			},
			SessionAffinity: 3 * time.Hour, PublishNotReady: true, Resolution: model.DefaultResolution(),
		},
		Decision: model.Decision{
			Active: []string{"primary"}, Endpoints: []model.Endpoint{endpoint, {Addr: ip6}},
			External: &model.External{
				Name: "db.example.com",
				A: model.Resolved{
					Known: true, Addrs: []netip.Addr{ip}, At: at, TTL: 90 * time.Second,
					Aliases: []model.Alias{{Name: "db.example.com", Target: "db-1.example.com", TTL: time.Minute}},
				},
			},
			Targets: []model.TargetStatus{{
				Name: "primary", Where: "db.example.com", Active: true, Addresses: []netip.Addr{ip},
				Reason: "Resolved", Message: "db.example.com has 1 address", ResolvedAt: at,
			}},
			Conditions: []model.Condition{
				{Type: model.Accepted, Status: true, Reason: "Accepted", Message: "the manifest is valid", Since: at},
				{Type: model.Resolvable, Status: false, Reason: "LookupFailed", Message: "the lookup timed out", Since: at},
				{Type: model.Ready, Status: true, Reason: "EndpointsReady", Message: "1 of 2 endpoints are ready", Since: at},
			},
		},
	}
	s := model.NewSnapshot("cluster.local", []string{"reporting"}, []*model.Published{p}, []model.Problem{{
		Severity: model.Warning, Reason: "PortsIgnored", Object: "Service reporting/crm", File: "crm.yaml", Line: 7,
		Field: "spec.ports", Message: "ports have no effect", Hint: "leave them out",
	}})
	s.Generation, s.At = 42, at
	return Info{
		Version: "v0.1.0", Started: at, DNSAddress: "127.0.0.1:5353", HTTPAddress: "127.0.0.1:8053",
		Upstreams: []string{"127.0.0.53:53"}, ServiceCIDRs: []string{"127.96.0.0/16"}, Paths: []string{"examples"},
	}, s
}

// TestShape holds the public shape: testdata/snapshot.json may gain fields and
// must not lose or rename any.
func TestShape(t *testing.T) {
	got, err := json.MarshalIndent(From(full()), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile("testdata/snapshot.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/snapshot.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the shape of snapshot.json changed (-want +got); UPDATE_GOLDEN=1 go test ./internal/wire accepts it:\n%s", diff)
	}
}

func TestReadersGetWhatWasWritten(t *testing.T) {
	want := From(full())
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Status
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
}

func TestFromNothing(t *testing.T) {
	b, err := json.Marshal(From(Info{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"info":{"version":""},"generation":0,"domain":"","namespaces":[],"services":[],"problems":[]}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                              "0s",
		5 * time.Second:                "5s",
		250 * time.Millisecond:         "250ms",
		time.Minute:                    "1m",
		10 * time.Minute:               "10m",
		90 * time.Second:               "1m30s",
		time.Hour:                      "1h",
		time.Hour + 5*time.Second:      "1h0m5s",
		100*time.Hour + 20*time.Minute: "100h20m",
		20 * time.Second:               "20s",
	} {
		b, err := Duration(d).MarshalText()
		if err != nil || string(b) != want {
			t.Errorf("%s is written %q (%v), want %q", d, b, err, want)
		}
		var back Duration
		if err := back.UnmarshalText(b); err != nil || back != Duration(d) {
			t.Errorf("%q is read as %s (%v)", b, back, err)
		}
	}
	if err := new(Duration).UnmarshalText([]byte("5")); err == nil {
		t.Error("a duration without a unit is read")
	}
}

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

func TestProblemNamespace(t *testing.T) {
	for object, want := range map[string]string{
		"Service shop/crm": "shop", "Namespace shop": "", "": "", "Service": "", "A b/c/d": "b",
	} {
		if got := (Problem{Object: object}).Namespace(); got != want {
			t.Errorf("the namespace of %q is %q, want %q", object, got, want)
		}
	}
}
