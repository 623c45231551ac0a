package vip

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/model"
)

var v4 = netip.MustParsePrefix("127.96.0.0/16")

func key(name string) model.Key { return model.Key{Namespace: "reporting", Name: name} }

func ask(name string, addrs ...string) Claim {
	c := Claim{Key: key(name), Families: []Family{IPv4}}
	for _, a := range addrs {
		c.Requested = append(c.Requested, netip.MustParseAddr(a))
	}
	return c
}

// The addresses of a service must be the same on every start and with every
// release: people write them down.
func TestAssignedAddressesNeverChange(t *testing.T) {
	dual := Claim{Key: key("analytics-db"), Families: []Family{IPv6, IPv4}}
	got, conflicts := Assign([]netip.Prefix{v4, netip.MustParsePrefix("fd00:96::/108")}, []Claim{dual, ask("legacy-metrics-db")}, nil)
	want := map[model.Key]string{
		key("analytics-db"):      "[fd00:96::7:7d38 127.96.77.174]",
		key("legacy-metrics-db"): "[127.96.77.225]",
	}
	for k, w := range want {
		if g := fmt.Sprint(got[k]); g != w {
			t.Errorf("%s has %s, want %s", k, g, w)
		}
	}
	if len(conflicts) > 0 {
		t.Errorf("conflicts: %v", conflicts)
	}
}

func TestConflicts(t *testing.T) {
	held := map[model.Key][]netip.Addr{key("running"): {netip.MustParseAddr("127.96.0.80")}}
	for _, tt := range []struct {
		name   string
		claims []Claim
		held   map[model.Key][]netip.Addr
		want   []Conflict
		got    map[string]string
	}{
		{
			name:   "in the dynamic band",
			claims: []Claim{ask("a", "127.96.200.1")},
			got:    map[string]string{"a": "127.96.200.1"},
		},
		{
			name:   "outside the range",
			claims: []Claim{ask("a", "10.96.0.20")},
			want: []Conflict{{
				Key: key("a"), Severity: model.Warning, Reason: ReasonOutsideRange, Addr: netip.MustParseAddr("10.96.0.20"),
				Message: "reporting/a asks for 10.96.0.20, which is outside the service range 127.96.0.0/16: it gets another address",
				Hint:    "leave clusterIP out, write an address in 127.96.0.0/16, or start with a --service-cidr that holds 10.96.0.20",
			}},
		},
		{
			name:   "the DNS server's",
			claims: []Claim{ask("a", "127.96.0.10")},
			want: []Conflict{{
				Key: key("a"), Severity: model.Warning, Reason: ReasonAddressReserved, Addr: netip.MustParseAddr("127.96.0.10"),
				Message: "reporting/a asks for 127.96.0.10, which is the DNS server's: it gets another address",
				Hint:    "leave clusterIP out, or write another address in 127.96.0.0/16",
			}},
		},
		{
			name:   "the network address",
			claims: []Claim{ask("a", "127.96.0.0")},
			want: []Conflict{{
				Key: key("a"), Severity: model.Warning, Reason: ReasonAddressReserved, Addr: netip.MustParseAddr("127.96.0.0"),
				Message: "reporting/a asks for 127.96.0.0, which is the range's network address: it gets another address",
				Hint:    "leave clusterIP out, or write another address in 127.96.0.0/16",
			}},
		},
		{
			name:   "the broadcast address",
			claims: []Claim{ask("a", "127.96.255.255")},
			want: []Conflict{{
				Key: key("a"), Severity: model.Warning, Reason: ReasonAddressReserved, Addr: netip.MustParseAddr("127.96.255.255"),
				Message: "reporting/a asks for 127.96.255.255, which is the range's broadcast address: it gets another address",
				Hint:    "leave clusterIP out, or write another address in 127.96.0.0/16",
			}},
		},
		{
			name:   "two ask for one: the first by key",
			claims: []Claim{ask("b", "127.96.0.80"), ask("a", "127.96.0.80")},
			got:    map[string]string{"a": "127.96.0.80", "b": ""},
			want: []Conflict{{
				Key: key("b"), Severity: model.Error, Reason: ReasonAddressTaken, Addr: netip.MustParseAddr("127.96.0.80"), Holder: key("a"),
				Message: "reporting/b asks for 127.96.0.80, which reporting/a has: it is not served",
				Hint:    "leave clusterIP out of one of the two, or write a free address",
			}},
		},
		{
			name:   "two ask for one: the one that is served",
			claims: []Claim{ask("a", "127.96.0.80"), ask("running", "127.96.0.80")},
			held:   held,
			got:    map[string]string{"a": "", "running": "127.96.0.80"},
			want: []Conflict{{
				Key: key("a"), Severity: model.Error, Reason: ReasonAddressTaken, Addr: netip.MustParseAddr("127.96.0.80"), Holder: key("running"),
				Message: "reporting/a asks for 127.96.0.80, which reporting/running has: it is not served",
				Hint:    "leave clusterIP out of one of the two, or write a free address",
			}},
		},
		{
			name:   "one asks for what another holds without asking",
			claims: []Claim{ask("a", "127.96.0.80"), ask("running")},
			held:   held,
			got:    map[string]string{"a": "", "running": "127.96.0.80"},
			want: []Conflict{{
				Key: key("a"), Severity: model.Error, Reason: ReasonAddressTaken, Addr: netip.MustParseAddr("127.96.0.80"), Holder: key("running"),
				Message: "reporting/a asks for 127.96.0.80, which reporting/running has: it is not served",
				Hint:    "leave clusterIP out of one of the two, or write a free address",
			}},
		},
		{
			name:   "the holder asks for another",
			claims: []Claim{ask("a", "127.96.0.80"), ask("running", "127.96.0.81")},
			held:   held,
			got:    map[string]string{"a": "127.96.0.80", "running": "127.96.0.81"},
		},
		{
			name:   "held outside a new range",
			claims: []Claim{ask("running")},
			held:   map[model.Key][]netip.Addr{key("running"): {netip.MustParseAddr("10.96.0.80")}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, conflicts := Assign([]netip.Prefix{v4}, tt.claims, tt.held)
			if d := cmp.Diff(tt.want, conflicts, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
				t.Errorf("conflicts (-want +got):\n%s", d)
			}
			for name, want := range tt.got {
				have := ""
				if a := got[key(name)]; len(a) == 1 {
					have = a[0].String()
				}
				if have != want {
					t.Errorf("%s has %q, want %q", name, have, want)
				}
			}
			for _, c := range conflicts {
				if a := got[c.Key]; c.Severity == model.Warning && (len(a) != 1 || !v4.Contains(a[0])) {
					t.Errorf("%s has %v instead of what it asked for", c.Key, a)
				}
			}
		})
	}
}

func TestExhaustedRange(t *testing.T) {
	var claims []Claim
	for i := range 20 {
		claims = append(claims, ask(fmt.Sprint("svc-", i)))
	}
	got, conflicts := Assign([]netip.Prefix{netip.MustParsePrefix("127.96.0.0/28")}, claims, nil)
	if len(got) != 13 || len(conflicts) != 7 {
		t.Fatalf("%d served and %d refused, want 13 and 7", len(got), len(conflicts))
	}
	c := conflicts[0]
	want := c.Key.String() + " gets no address: all 13 of the service range 127.96.0.0/28 are taken"
	if c.Severity != model.Error || c.Reason != ReasonRangeExhausted || c.Message != want || c.Hint != "start with a larger --service-cidr" {
		t.Errorf("conflict %+v, want the message %q", c, want)
	}
}

func TestDNSAddr(t *testing.T) {
	for prefix, want := range map[string]string{
		"127.96.0.0/16": "127.96.0.10", "127.96.3.7/16": "127.96.0.10", "fd00:96::/108": "fd00:96::a", "10.96.0.0/12": "10.96.0.10",
	} {
		if got := DNSAddr(netip.MustParsePrefix(prefix)).String(); got != want {
			t.Errorf("DNSAddr(%s) = %s, want %s", prefix, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for prefix, want := range map[netip.Prefix]string{
		v4:                                     "",
		netip.MustParsePrefix("fd00:96::/64"):  "",
		netip.MustParsePrefix("127.96.0.0/29"): "service range 127.96.0.0/29 is too small: write /28 or larger",
		netip.MustParsePrefix("10.0.0.0/8"):    "",
		netip.MustParsePrefix("127.96.0.0/28"): "",
		netip.MustParsePrefix("0.0.0.0/0"):     "service range 0.0.0.0/0 is too large: no address in it could be that of an external service; write /8 or smaller, such as 127.96.0.0/16",
		netip.MustParsePrefix("126.0.0.0/7"):   "service range 126.0.0.0/7 is too large: no address in it could be that of an external service; write /8 or smaller, such as 127.96.0.0/16",
		netip.MustParsePrefix("::/0"):          "service range ::/0 is too large: no address in it could be that of an external service; write /64 or smaller, such as fd00:96::/108",
		netip.MustParsePrefix("fd00::/63"):     "service range fd00::/63 is too large: no address in it could be that of an external service; write /64 or smaller, such as fd00:96::/108",
		netip.MustParsePrefix("127.96.0.5/16"): "service range 127.96.0.5/16 has host bits set: write 127.96.0.0/16",
		netip.MustParsePrefix("fd00::1/108"):   "service range fd00::1/108 has host bits set: write fd00::/108",
		{}:                                     "service range invalid Prefix is not a prefix: write one such as 127.96.0.0/16 or fd00:96::/108",
	} {
		got := ""
		if err := Check(prefix); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("Check(%s) = %q, want %q", prefix, got, want)
		}
	}
}

func TestStaticBandStaysFree(t *testing.T) {
	var claims []Claim
	for i := range 10_000 {
		claims = append(claims, ask(fmt.Sprint("svc-", i)))
	}
	got, _ := Assign([]netip.Prefix{v4}, claims, nil)
	lowest := netip.MustParseAddr("127.96.255.255")
	for _, a := range got {
		lowest = slices.MinFunc([]netip.Addr{lowest, a[0]}, netip.Addr.Compare)
	}
	if least := netip.MustParseAddr("127.96.1.1"); lowest.Less(least) {
		t.Errorf("%s was handed out below %s", lowest, least)
	}
}

func BenchmarkAssign10000(b *testing.B) {
	var claims []Claim
	for i := range 10_000 {
		claims = append(claims, ask(fmt.Sprint("svc-", i)))
	}
	for b.Loop() {
		Assign([]netip.Prefix{v4}, claims, nil)
	}
}
