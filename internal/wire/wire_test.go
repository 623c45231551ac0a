package wire

import (
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fairlead.dev/internal/model"
)

// secret must not be shown.
const secret = "hunter2"

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
				{Name: "listed", Priority: 3, Endpoints: []model.Endpoint{endpoint}, Unnamed: true},
				{
					Name: "inside", Priority: 4, Service: &model.Key{Namespace: "db", Name: "pg"},
					Refusal: &model.Refusal{Reason: "NotPermitted", Message: "namespace db does not consent"},
				},
			},
			SessionAffinity: 3 * time.Hour, PublishNotReady: true,
			Resolution: model.Resolution{MinInterval: time.Second, MaxInterval: 5 * time.Minute, MissingGrace: time.Minute, Retain: time.Hour},
			Probe: &model.Probe{
				Kind: model.ProbePostgres, Interval: 5 * time.Second, Timeout: time.Second, FailureThreshold: 3, SuccessThreshold: 2,
				Port: 5433, TLS: true, ServerName: "db.example.com", CABundle: secret, Host: "db.example.com", Path: "/ready",
				Headers: []model.Header{{Name: "Authorization", Value: secret}}, Statuses: []int{204}, FollowRedirects: true,
				HealthService: "db", Role: model.RolePrimary, Credentials: "db-probe", Database: "app",
			},
			Failover: model.Failover{ManualFailback: true, FailbackDelay: time.Minute, Withdraw: true, MinimumReady: 2},
			Gateway: &model.Gateway{
				Listeners: []model.Listener{{Protocol: model.ListenTLS, Passthrough: true}}, CloseOnDown: true, DrainTimeout: time.Minute,
				LeastConnections: true, ProxyProtocol: 2, BackendTLS: &model.BackendTLS{Hostname: "db.example.com", Insecure: true},
			},
			Pin:     &model.Pin{Target: "primary", By: "ada", Reason: "a drill", At: at},
			Refusal: &model.Refusal{Reason: "Invalid", Message: "the edit is not followed"},
		},
		Decision: model.Decision{
			Active: []string{"primary"}, Priority: 1, ActiveSince: at, Endpoints: []model.Endpoint{endpoint, {Addr: ip6}},
			State: model.State{Pinned: "primary"},
			History: []model.Transition{
				{
					At: at, From: []string{"primary"}, To: []string{"standby"}, FromPriority: 0, ToPriority: 1,
					Reason: "TargetDown", Message: "primary is down", Took: 11*time.Second + 1234567*time.Nanosecond,
				},
				{At: at, To: []string{"primary"}, Reason: "FirstTargets", Message: "nothing was published before"},
			},
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
				Checks: []model.CheckStatus{
					{Addr: netip.AddrPortFrom(ip, 5432), Verdict: model.Up, Since: at, Reason: "CertificateExpires", Message: "in 3 days"},
					{Addr: netip.AddrPortFrom(ip6, 5432), Verdict: model.Down, Since: at, Reason: model.ProbeTimeout, Message: "no answer within 1s"},
					{Addr: netip.AddrPortFrom(ip6, 5433)},
				},
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
		Upstreams: []string{"127.0.0.53:53"}, ServiceCIDRs: []string{"127.96.0.0/16"}, Paths: []string{"examples"}, Directory: "/srv",
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
	if strings.Contains(string(got), secret) {
		t.Error("what a probe keeps to itself is public")
	}
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
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
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

func TestProblemNamespace(t *testing.T) {
	for object, want := range map[string]string{
		"Service shop/crm": "shop", "Namespace shop": "", "": "", "Service": "", "A b/c/d": "b",
	} {
		if got := (Problem{Object: object}).Namespace(); got != want {
			t.Errorf("the namespace of %q is %q, want %q", object, got, want)
		}
	}
}
