package failover_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// TestUnroutable: what no EndpointSlice takes is left out alone, wherever it comes
// from, and counted nowhere.
func TestUnroutable(t *testing.T) {
	for text, why := range map[string]string{
		"127.0.0.1":        "it is a loopback address, another machine for every client",
		"::1":              "it is a loopback address, another machine for every client",
		"169.254.169.254":  "it is a link-local address, another machine on every machine",
		"fe80::1":          "it is a link-local address, another machine on every machine",
		"fe80::1%eth0":     "it has a zone, which Kubernetes does not have",
		"224.0.0.1":        "it is a multicast address",
		"ff02::1":          "it is a multicast address",
		"0.0.0.0":          "it is the unspecified address",
		"::":               "it is the unspecified address",
		"255.255.255.255":  "it is the broadcast address",
		"::ffff:10.0.0.1":  "it is an IPv4 address written as IPv6",
		"10.96.0.7":        "it lies in the Services' range",
		"::ffff:10.96.0.7": "it lies in the Services' range",
		"192.0.2.1":        "",
		"10.0.0.1":         "",
		"fd00::1":          "",
	} {
		t.Run(text, func(t *testing.T) {
			bad, good := addrs(text), addrs("203.0.113.7")
			listed := []model.Endpoint{{Addr: bad[0], Ready: true}, {Addr: good[0], Ready: true}}
			for name, target := range map[string]model.Target{
				"addresses": {Name: "a", Addresses: []netip.Addr{bad[0], good[0]}},
				"a name":    host("a", 0, "db.example.com"),
				"endpoints": {Name: "a", Endpoints: listed, Service: &model.Key{Namespace: "data", Name: "db"}},
			} {
				in := input(model.ClusterIP, []model.Target{target}, known{"db.example.com A": records(0, "203.0.113.7", text)})
				in.Forbidden = failover.Forbidden{Unroutable: true, Ranges: []failover.Range{{Prefix: netip.MustParsePrefix("10.96.0.0/16"), Why: "it lies in the Services' range"}}}
				d := failover.Decide(in)
				resolved, _ := d.Condition(model.Resolvable)
				ready, _ := d.Condition(model.Ready)
				if why == "" {
					if len(d.Endpoints) != 2 || !resolved.Status {
						t.Errorf("%s: %v, Resolved %+v, want both", name, d.Endpoints, resolved)
					}
					continue
				}
				want := model.Condition{Type: model.Resolvable, Reason: failover.ReasonForbidden, Message: text + " is left out: " + why}
				if resolved != want || d.Targets[0].Message != want.Message {
					t.Errorf("%s: Resolved is %+v, want %+v", name, resolved, want)
				}
				if len(d.Endpoints) != 1 || len(d.Targets[0].Addresses) != 1 || ready.Message != "1 of 1 endpoints are ready" {
					t.Errorf("%s: %v, Ready is %+v, want the good one alone", name, d.Endpoints, ready)
				}
			}
		})
	}
}

// TestForbiddenMessageIsBounded: three addresses are named, the others counted.
func TestForbiddenMessageIsBounded(t *testing.T) {
	d := decide(model.ClusterIP, []model.Target{fixed("a", 0, "127.96.0.1", "127.96.0.2", "127.96.0.3", "127.96.0.4", "127.96.0.5")}, nil)
	want := "127.96.0.1 is left out: it lies in the range of the virtual IPs; 127.96.0.2 is left out: it lies in the range of the virtual IPs; " +
		"127.96.0.3 is left out: it lies in the range of the virtual IPs; and 2 more"
	if diff := cmp.Diff(want, d.Targets[0].Message); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	ready, _ := d.Condition(model.Ready)
	if ready.Status || ready.Reason != failover.ReasonForbidden || ready.Message != want {
		t.Errorf("Ready is %+v, want why there is nothing", ready)
	}
}

// TestOnOneMachineLoopbackIsAsGoodAsAny.
func TestOnOneMachineLoopbackIsAsGoodAsAny(t *testing.T) {
	d := decide(model.ClusterIP, []model.Target{fixed("a", 0, "127.10.0.1")}, nil)
	if len(d.Endpoints) != 1 {
		t.Errorf("published: %v", d.Endpoints)
	}
}
