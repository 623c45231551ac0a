package relay

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fairlead.dev/internal/model"
)

func addrPorts(s ...string) []netip.AddrPort {
	var all []netip.AddrPort
	for _, a := range s {
		all = append(all, netip.MustParseAddrPort(a))
	}
	return all
}

func TestPlan(t *testing.T) {
	vip := netip.MustParseAddrPort("10.96.0.1:80")
	for _, c := range []struct {
		name     string
		services []*model.Published
		want     []string // listener = endpoints
		faults   []string // name: reason
	}{
		{
			name:     "endpoint's own port",
			services: []*model.Published{published("a", vip, addrPorts("10.0.0.1:8080", "10.0.0.2:9090"))},
			want:     []string{"10.96.0.1:80/TCP = 10.0.0.1:8080 10.0.0.2:9090"},
		},
		{
			name: "only ready endpoints",
			services: []*model.Published{published("a", vip, addrPorts("10.0.0.1:1", "10.0.0.2:1"), func(p *model.Published) {
				p.Decision.Endpoints[0].Ready = false
			})},
			want: []string{"10.96.0.1:80/TCP = 10.0.0.2:1"},
		},
		{
			name: "ports join by name and protocol",
			services: []*model.Published{published("a", vip, addrPorts("10.0.0.1:1"), func(p *model.Published) {
				p.Service.Ports = []model.Port{
					{Name: "x", Protocol: model.TCP, Port: 80},
					{Name: "x", Protocol: model.UDP, Port: 80},
					{Name: "y", Protocol: model.TCP, Port: 81},
				}
				p.Decision.Endpoints[0].Ports = []model.EndpointPort{
					{Name: "x", Protocol: model.TCP, Port: 1}, {Name: "x", Protocol: model.UDP, Port: 2},
				}
			})},
			want: []string{"10.96.0.1:80/TCP = 10.0.0.1:1", "10.96.0.1:80/UDP = 10.0.0.1:2"},
		},
		{
			name: "own family first",
			services: []*model.Published{published("a", vip, addrPorts("[fd00::1]:1", "10.0.0.1:1"), func(p *model.Published) {
				p.Service.ClusterIPs = append(p.Service.ClusterIPs, netip.MustParseAddr("fd97::1"))
			})},
			want: []string{"10.96.0.1:80/TCP = 10.0.0.1:1", "[fd97::1]:80/TCP = [fd00::1]:1"},
		},
		{
			name:     "other family where there is none of its own",
			services: []*model.Published{published("a", vip, addrPorts("[fd00::1]:1"))},
			want:     []string{"10.96.0.1:80/TCP = [fd00::1]:1"},
		},
		{
			name:     "twice the same endpoint counts once",
			services: []*model.Published{published("a", vip, addrPorts("10.0.0.1:1", "10.0.0.2:1", "10.0.0.1:1"))},
			want:     []string{"10.96.0.1:80/TCP = 10.0.0.1:1 10.0.0.2:1"},
		},
		{
			name: "headless and external names have no listener",
			services: []*model.Published{
				published("a", vip, addrPorts("10.0.0.1:1"), func(p *model.Published) { p.Service.Type = model.Headless }),
				published("b", vip, addrPorts("10.0.0.1:1"), func(p *model.Published) { p.Service.Type = model.ExternalName }),
			},
		},
		{
			name: "first comes, first served",
			services: []*model.Published{
				published("b", vip, addrPorts("10.0.0.2:1")), published("a", vip, addrPorts("10.0.0.1:1")),
			},
			want:   []string{"10.96.0.1:80/TCP = 10.0.0.1:1"},
			faults: []string{"b: AddressConflict"},
		},
		{
			name:     "its own virtual IP",
			services: []*model.Published{published("a", vip, addrPorts("10.0.0.1:1", "10.96.0.1:80"))},
			want:     []string{"10.96.0.1:80/TCP = 10.0.0.1:1"},
			faults:   []string{"a: EndpointLoop"},
		},
		{
			name: "round over three services",
			services: []*model.Published{
				published("a", vip, addrPorts("10.96.0.2:80")),
				published("b", netip.MustParseAddrPort("10.96.0.2:80"), addrPorts("10.96.0.3:80", "10.0.0.1:1")),
				published("c", netip.MustParseAddrPort("10.96.0.3:80"), addrPorts("10.96.0.1:80")),
			},
			want: []string{
				"10.96.0.1:80/TCP = 10.96.0.2:80", "10.96.0.2:80/TCP = 10.96.0.3:80 10.0.0.1:1",
			},
			faults: []string{"c: EndpointLoop"},
		},
		{
			name: "chains and diamonds are no loops",
			services: []*model.Published{
				published("a", vip, addrPorts("10.96.0.2:80", "10.96.0.3:80")),
				published("b", netip.MustParseAddrPort("10.96.0.2:80"), addrPorts("10.96.0.3:80")),
				published("c", netip.MustParseAddrPort("10.96.0.3:80"), addrPorts("10.0.0.1:1")),
			},
			want: []string{
				"10.96.0.1:80/TCP = 10.96.0.2:80 10.96.0.3:80", "10.96.0.2:80/TCP = 10.96.0.3:80", "10.96.0.3:80/TCP = 10.0.0.1:1",
			},
		},
		{
			name: "SCTP",
			services: []*model.Published{published("a", vip, addrPorts("10.0.0.1:1"), func(p *model.Published) {
				p.Service.Ports[0].Protocol = model.SCTP
			})},
			faults: []string{"a: ProtocolNotSupported"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := makePlan(snapshot(c.services...), nil)
			var got, faults []string
			for _, w := range p.order {
				ends := make([]string, len(w.endpoints))
				for i, e := range w.endpoints {
					ends[i] = e.String()
				}
				got = append(got, w.at.String()+" = "+strings.Join(ends, " "))
				if p.wanted[w.at] != w {
					t.Errorf("%s is not found by its place", w.at)
				}
			}
			for _, f := range p.faults.list(nil) {
				faults = append(faults, f.Key.Name+": "+f.Reason)
			}
			slices.Sort(got)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("listeners (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.faults, faults); d != "" {
				t.Errorf("faults (-want +got):\n%s", d)
			}
			if len(p.wanted) != len(p.order) {
				t.Errorf("%d places for %d listeners", len(p.wanted), len(p.order))
			}
		})
	}
}

// Planning reads a snapshot and leaves it as it was: everybody else reads it too.
func TestPlanWritesNothing(t *testing.T) {
	make := func() *model.Snapshot {
		return snapshot(published("a", netip.MustParseAddrPort("10.96.0.1:80"),
			addrPorts("10.0.0.1:1", "10.96.0.1:80", "10.0.0.1:1", "10.0.0.2:1")))
	}
	s := make()
	makePlan(s, nil)
	if d := cmp.Diff(make().Services, s.Services, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Errorf("the snapshot changed (-before +after):\n%s", d)
	}
}

// A plan takes over what did not change, and only that.
func TestPlanFollowsTheLast(t *testing.T) {
	at := func(n int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 96, 0, byte(n)}), 80)
	}
	rapid.Check(t, func(t *rapid.T) {
		var last *plan
		pubs := make(map[int]*model.Published)
		for range rapid.IntRange(1, 6).Draw(t, "publishes") {
			for range rapid.IntRange(0, 4).Draw(t, "edits") {
				n := rapid.IntRange(0, 5).Draw(t, "service")
				if rapid.Bool().Draw(t, "delete") {
					delete(pubs, n)
					continue
				}
				to := at(rapid.IntRange(0, 9).Draw(t, "endpoint"))
				pubs[n] = published(string(rune('a'+n)), at(n), []netip.AddrPort{to})
			}
			p := makePlan(snapshot(slices.Collect(maps.Values(pubs))...), last)
			fresh := makePlan(snapshot(slices.Collect(maps.Values(pubs))...), nil)
			if d := cmp.Diff(words(fresh), words(p)); d != "" {
				t.Fatalf("differs from a plan made anew:\n%s", d)
			}
			last = p
		}
	})
}

// words is a plan in words: its listeners, then its faults.
func words(p *plan) []string {
	var all []string
	for _, w := range p.order {
		all = append(all, fmt.Sprint(w.at, " ", w.key, " ", w.endpoints, " ", p.wanted[w.at] == w))
	}
	for _, f := range p.faults.list(nil) {
		all = append(all, fmt.Sprint(f))
	}
	return append(all, fmt.Sprint(len(p.parts), len(p.wanted)))
}
