package table

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/yaml"

	"fairlead.dev/internal/wire"
)

func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// sample has a service of each kind and in each state.
func sample() wire.Status {
	ips := func(all ...string) (out []netip.Addr) {
		for _, a := range all {
			out = append(out, netip.MustParseAddr(a))
		}
		return out
	}
	service := func(ns, name, typ string, line int, vips []netip.Addr, ports ...wire.Port) wire.Service {
		return wire.Service{
			Namespace: ns, Name: name, Type: typ, DNSName: name + "." + ns + ".svc.cluster.local",
			ClusterIPs: vips, Ports: ports, Origin: wire.Origin{Kind: "ExternalService", File: ns + ".yaml", Line: line},
		}
	}
	tcp := func(port uint16) wire.Port { return wire.Port{Protocol: "TCP", Port: port} }
	ago := func(d time.Duration) time.Time { return now().Add(-d) }
	return wire.Status{
		Namespaces: []string{"reporting", "shop", "staging"},
		Services: []wire.Published{
			{
				Service: service("reporting", "analytics-db", "ClusterIP", 3, ips("127.96.0.10", "fd00::10"), tcp(5432)),
				Decision: wire.Decision{Targets: []wire.TargetStatus{
					{Name: "primary", Where: "primary-db.example.com", Active: true, Addresses: ips("10.0.1.25", "10.0.1.26")},
					{Name: "standby", Priority: 1, Where: "standby-db.example.com", Addresses: ips("10.0.2.25")},
				}},
				Summary: wire.Summary{
					State: wire.Ready, Message: "2 of 2 endpoints are ready",
					Since: ago(3*time.Hour + 5*time.Minute), ReadyEndpoints: 2, TotalEndpoints: 2,
				},
			},
			{
				Service: service("reporting", "warehouse", "ClusterIP", 21, ips("127.96.0.11"), tcp(9000), wire.Port{Protocol: "UDP", Port: 9001}),
				Decision: wire.Decision{Targets: []wire.TargetStatus{
					{Name: "eu", Where: "warehouse.example.com", Active: true, Addresses: ips("10.0.3.4")},
				}},
				Summary: wire.Summary{
					State: wire.Degraded, Reason: "LookupFailed", Message: "warehouse.example.com: the lookup timed out",
					Since: ago(95 * time.Second), ReadyEndpoints: 1, TotalEndpoints: 1,
				},
			},
			{
				Service: service("shop", "crm", "ExternalName", 40, nil),
				Decision: wire.Decision{
					External: &wire.External{Name: "crm.partner.example"},
					Targets:  []wire.TargetStatus{{Name: "crm", Where: "crm.partner.example", Active: true, Addresses: ips("203.0.113.7")}},
				},
				Summary: wire.Summary{State: wire.Ready, Since: ago(8 * 24 * time.Hour)},
			},
			{
				Service:  service("shop", "new", "Headless", 60, nil, tcp(80)),
				Decision: wire.Decision{},
				Summary:  wire.Summary{State: wire.Unknown},
			},
			{
				Service: service("shop", "payments", "ClusterIP", 5, ips("127.96.0.12"), tcp(443)),
				Decision: wire.Decision{Targets: []wire.TargetStatus{
					{Name: "partner", Where: "api.paymnets.example", Active: true},
				}},
				Summary: wire.Summary{
					State: wire.NotReady, Reason: "NameNotFound", Message: "api.paymnets.example does not\nexist\x1b[31m",
					Since: ago(12 * time.Minute),
				},
			},
		},
		Problems: []wire.Problem{
			{
				Severity: "Error", Reason: "AddressInExternalName", Object: "Service shop/legacy", File: "shop.yaml", Line: 9,
				Field: "spec.externalName", Message: "externalName is the IP address 10.9.8.7", Hint: "use addresses: [10.9.8.7]",
			},
			{
				Severity: "Info", Reason: "KindsSkipped", Message: "1 object is not for Fairlead and skipped: 1 Pod",
			},
			{
				Severity: "Error", Reason: "ExternalNameIsIP", Object: "Service shop/old", File: "shop.yaml", Line: 19, Field: "spec.externalName",
				Message: "10.9.8.6 is an IP address", Hint: "write this instead:\nspec:\n  ports:\r\n  - {port: 80}\n\t\x1b[31mtargets: []\n",
			},
			{Severity: "Warning", Reason: "PortsIgnored", Object: "Service reporting/old", Message: "ports have no effect"},
			{Severity: "Error", Reason: "NotYAML", File: "broken.yaml", Message: "line 3: did not find expected key"},
		},
	}
}

func TestWrite(t *testing.T) {
	for _, test := range []struct {
		golden string
		opts   Options
	}{
		{"all.txt", Options{}},
		{"all-wide.txt", Options{Format: Wide}},
		{"shop.txt", Options{Namespace: "shop"}},
		{"reporting-wide.txt", Options{Namespace: "reporting", Format: Wide}},
		{"staging.txt", Options{Namespace: "staging"}},
		{"shop.json", Options{Namespace: "shop", Format: JSON}},
		{"shop.yaml", Options{Namespace: "shop", Format: YAML}},
		{"staging.json", Options{Namespace: "staging", Format: JSON}},
	} {
		t.Run(test.golden, func(t *testing.T) {
			test.opts.Now = now()
			golden(t, test.golden, write(t, sample(), test.opts))
		})
	}
}

// A namespace that is mistyped must not look like one without services.
func TestUnknownNamespace(t *testing.T) {
	for namespace, want := range map[string]string{
		"":        "",
		"staging": "",
		"broken":  "", // whose one Service is refused
		"shpo":    `there is no namespace "shpo"; there are reporting, shop, staging`,
	} {
		s := sample()
		s.Problems = append(s.Problems, wire.Problem{Severity: "Error", Object: "Service broken/db", Message: "refused"})
		got := ""
		if err := Write(&strings.Builder{}, s, Options{Namespace: namespace, Now: now()}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("namespace %q: error %q, want %q", namespace, got, want)
		}
	}
	if got := write(t, wire.Status{}, Options{Namespace: "shop"}); got != "No services in namespace shop.\n" {
		t.Errorf("of a fairlead that has read nothing yet it says %q", got)
	}
}

func TestWriteEmpty(t *testing.T) {
	if got := write(t, wire.Status{}, Options{}); got != "No services.\n" {
		t.Errorf("got %q", got)
	}
}

// TestEncodedFormsAgree reads what was written.
func TestEncodedFormsAgree(t *testing.T) {
	var fromJSON, fromYAML list
	if err := json.Unmarshal([]byte(write(t, sample(), Options{Format: JSON})), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(write(t, sample(), Options{Format: YAML})), &fromYAML); err != nil {
		t.Fatal(err)
	}
	same := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	if diff := cmp.Diff(list{sample().Services, sample().Problems}, fromJSON, same); diff != "" {
		t.Errorf("JSON (-given +read):\n%s", diff)
	}
	if diff := cmp.Diff(fromJSON, fromYAML, same); diff != "" {
		t.Errorf("(-json +yaml):\n%s", diff)
	}
}

func TestWriteLeavesTheStatusAlone(t *testing.T) {
	s := sample()
	write(t, s, Options{Namespace: "shop", Now: now()})
	same := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	if diff := cmp.Diff(sample(), s, same); diff != "" {
		t.Errorf("the status was changed (-before +after):\n%s", diff)
	}
}

func TestParseFormat(t *testing.T) {
	for _, s := range []string{"", "wide", "json", "yaml"} {
		if f, err := ParseFormat(s); err != nil || string(f) != s {
			t.Errorf("%q: %q, %v", s, f, err)
		}
	}
	_, err := ParseFormat("xml")
	if err == nil || !strings.Contains(err.Error(), "wide, json or yaml") {
		t.Errorf("error %v", err)
	}
	if err := Write(&strings.Builder{}, sample(), Options{Format: "xml"}); err == nil {
		t.Error("an unknown format is written")
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                 "0s",
		0:                            "0s",
		119 * time.Second:            "119s",
		2 * time.Minute:              "2m",
		125 * time.Second:            "2m5s",
		15*time.Minute + time.Second: "15m",
		179 * time.Minute:            "179m",
		3*time.Hour + 5*time.Minute:  "3h5m",
		9 * time.Hour:                "9h",
		50 * time.Hour:               "2d2h",
		8 * 24 * time.Hour:           "8d",
		3 * 365 * 24 * time.Hour:     "3y",
	} {
		if got := age(now(), now().Add(-d)); got != want {
			t.Errorf("%s ago is %q, want %q", d, got, want)
		}
	}
	if got := age(now(), time.Time{}); got != "<unknown>" {
		t.Errorf("no time is %q", got)
	}
}

func write(t *testing.T, s wire.Status, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, s, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); UPDATE_GOLDEN=1 go test ./internal/table accepts it:\n%s", path, diff)
	}
}
