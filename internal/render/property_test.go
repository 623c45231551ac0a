package render

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"pgregory.net/rapid"

	"fairlead.dev/internal/model"
)

// world is a service and the slices that stand for it, as an API server that
// carries every write out has them.
type world struct {
	published *model.Published
	front     *Front
	slices    []*discoveryv1.EndpointSlice
}

func newWorld() *world {
	return &world{published: &model.Published{Service: model.Service{
		Key: model.Key{Namespace: "reporting", Name: "db"}, Type: model.ClusterIP,
		Ports: []model.Port{{Protocol: model.TCP, Port: 5432, TargetPort: 5432}},
	}}}
}

// apply renders, carries the writes out and returns them.
func (w *world) apply() Changes {
	c := Render(Input{Published: w.published, Owner: owner(), Front: w.front, Slices: w.slices}).Slices
	byName := map[string]*discoveryv1.EndpointSlice{}
	for _, s := range w.slices {
		byName[s.Name] = s
	}
	for _, s := range c.Create {
		if byName[s.Name] != nil {
			panic(s.Name + " is created and stands")
		}
		byName[s.Name] = s
	}
	for _, s := range c.Update {
		if o := byName[s.Name]; o == nil || o.AddressType != s.AddressType {
			panic(s.Name + " is updated and does not stand so")
		}
		byName[s.Name] = s
	}
	for _, s := range c.Delete {
		delete(byName, s.Name)
	}
	w.slices = nil
	for _, s := range byName {
		w.slices = append(w.slices, s.DeepCopy())
	}
	return c
}

// drawEndpoints draws a set of endpoints. Few ports make most share one slice,
// several addresses of each family make them several slices.
func drawEndpoints(t *rapid.T) []model.Endpoint {
	n := rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(95, 105), rapid.IntRange(0, 350)).Draw(t, "n")
	base := rapid.IntRange(0, 400).Draw(t, "base")
	v6 := rapid.IntRange(0, 10).Draw(t, "tenths of IPv6")
	ports := rapid.SampledFrom([][]uint16{{5432}, {6432}, {5432, 6432}}).Draw(t, "ports")
	down := rapid.IntRange(1, 7).Draw(t, "down")
	all := make([]model.Endpoint, n)
	for i := range all {
		j := base + i
		addr := netip.AddrFrom4([4]byte{10, 0, byte(j >> 8), byte(j)})
		if j%10 < v6 {
			addr = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", j+1))
		}
		all[i] = model.Endpoint{
			Addr: addr, Target: "a", Ready: j%down != 0,
			Ports: []model.EndpointPort{{Protocol: model.TCP, Port: ports[j%len(ports)]}},
		}
	}
	return all
}

// check holds for every state that was rendered.
func (w *world) check(t *rapid.T) {
	stands := map[string]int{}
	for _, s := range w.slices {
		if len(s.Endpoints) > maxEndpoints {
			t.Fatalf("%s has %d endpoints", s.Name, len(s.Endpoints))
		}
		if len(s.Endpoints) == 0 && (len(w.slices) > 1 || len(w.published.Decision.Endpoints) > 0) {
			t.Fatalf("%s is empty, of %d slices", s.Name, len(w.slices))
		}
		if s.Labels[discoveryv1.LabelManagedBy] != Manager || s.Labels[discoveryv1.LabelServiceName] != "db" || len(s.OwnerReferences) != 1 {
			t.Fatalf("%s has no labels or no owner: %v", s.Name, s.ObjectMeta)
		}
		for _, e := range s.Endpoints {
			a := netip.MustParseAddr(e.Addresses[0])
			if familyOf(a) != s.AddressType {
				t.Fatalf("%s stands among %s addresses", a, s.AddressType)
			}
			stands[fmt.Sprint(a, *s.Ports[0].Port, *e.Conditions.Ready)]++
		}
	}
	for _, e := range w.published.Decision.Endpoints {
		k := fmt.Sprint(e.Addr, e.Ports[0].Port, e.Ready)
		if stands[k] != 1 {
			t.Fatalf("%s stands in %d slices", k, stands[k])
		}
		delete(stands, k)
	}
	if len(stands) > 0 {
		t.Fatalf("nobody wants %v", stands)
	}
	if c := w.apply(); !c.Empty() {
		t.Fatalf("what is right is written again: %d, %d, %d", len(c.Create), len(c.Update), len(c.Delete))
	}
}

// TestAnyChange: from any state to any other.
func TestAnyChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			w.published.Decision.Endpoints = drawEndpoints(t)
			if rapid.Bool().Draw(t, "headless") {
				w.published.Service.Type = model.Headless
			}
			w.apply()
			w.check(t)
		}
	})
}

// TestOneEndpointOneSlice: an endpoint that changes its state, comes, goes or is
// replaced costs one write, however many there are.
func TestOneEndpointOneSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for range rapid.IntRange(1, 3).Draw(t, "history") {
			w.published.Decision.Endpoints = drawEndpoints(t)
			w.apply()
		}
		all := slices.Clone(w.published.Decision.Endpoints)
		ports := []model.EndpointPort{{Protocol: model.TCP, Port: 5432}}
		fresh := model.Endpoint{Addr: netip.MustParseAddr("10.9.9.9"), Target: "a", Ready: true, Ports: ports}
		at, first := 0, len(all) == 0
		if !first {
			at = rapid.IntRange(0, len(all)-1).Draw(t, "which")
		}
		what := rapid.SampledFrom([]string{"state", "comes", "goes", "replaced"}).Draw(t, "what")
		switch {
		case first || what == "comes":
			all = slices.Insert(all, at, fresh)
		case what == "goes":
			all = slices.Delete(all, at, at+1)
		case what == "replaced":
			fresh.Addr = netip.MustParseAddr("2001:db8:9::9")
			if all[at].Addr.Is4() {
				fresh.Addr = netip.MustParseAddr("10.9.9.9")
			}
			fresh.Ports = all[at].Ports
			all[at] = fresh
		default:
			all[at].Ready = !all[at].Ready
		}
		w.published.Decision.Endpoints = all
		c := w.apply()
		// The empty slice of a service without endpoints may be of the other family,
		// and then goes.
		writes := len(c.Create) + len(c.Update)
		if !first {
			writes += len(c.Delete)
		}
		if writes != 1 {
			t.Fatalf("%s: %d created, %d updated, %d deleted", what, len(c.Create), len(c.Update), len(c.Delete))
		}
		w.check(t)
	})
}

// TestWhatOthersDidIsPutRight: whatever stands, one round makes it right.
func TestWhatOthersDidIsPutRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.published.Decision.Endpoints = drawEndpoints(t)
		w.apply()
		for _, s := range w.slices {
			switch rapid.IntRange(0, 6).Draw(t, "damage") {
			case 0:
				s.Labels = nil
			case 1:
				s.OwnerReferences = nil
			case 2:
				s.Endpoints = nil
			case 3:
				s.Ports = nil
			case 4:
				s.Endpoints = append(s.Endpoints, s.Endpoints...)
			case 5:
				zone := "a"
				s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{"nonsense"}}, discoveryv1.Endpoint{Zone: &zone})
			}
		}
		w.apply()
		w.check(t)
	})
}

// TestTheInputIsOnlyRead: what stands is shared with a cache.
func TestTheInputIsOnlyRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.published.Decision.Endpoints = drawEndpoints(t)
		w.apply()
		var before []*discoveryv1.EndpointSlice
		for _, s := range w.slices {
			before = append(before, s.DeepCopy())
		}
		standing := w.slices
		w.published.Decision.Endpoints = drawEndpoints(t)
		w.apply()
		if d := cmp.Diff(before, standing); d != "" {
			t.Fatalf("it was written to:\n%s", d)
		}
	})
}

func TestMustBridge(t *testing.T) {
	of := func(kind corev1.ServiceType, ip string) *corev1.Service {
		return &corev1.Service{Spec: corev1.ServiceSpec{Type: kind, ClusterIP: ip}}
	}
	virtual, headless, name := of(corev1.ServiceTypeClusterIP, "10.96.0.7"), of(corev1.ServiceTypeClusterIP, "None"), of(corev1.ServiceTypeExternalName, "")
	for _, tt := range []struct {
		standing, wanted *corev1.Service
		want             bool
	}{
		{nil, virtual, false},
		{virtual, nil, false},
		{virtual, of(corev1.ServiceTypeClusterIP, ""), false},
		{headless, headless, false},
		{virtual, headless, true},
		{headless, of(corev1.ServiceTypeClusterIP, ""), true},
		{virtual, name, false},
		{headless, name, false},
		{name, headless, false},
		{name, of(corev1.ServiceTypeClusterIP, ""), false},
	} {
		if got := MustBridge(tt.standing, tt.wanted); got != tt.want {
			t.Errorf("from %v to %v: %v", tt.standing, tt.wanted, got)
		}
	}
}

// BenchmarkRender is one endpoint of many that changes its state.
func BenchmarkRender(b *testing.B) {
	for _, n := range []int{2, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld()
			ports := []model.EndpointPort{{Protocol: model.TCP, Port: 5432}}
			for i := range n {
				w.published.Decision.Endpoints = append(w.published.Decision.Endpoints, model.Endpoint{Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Ready: true, Ports: ports})
			}
			w.apply()
			w.published.Decision.Endpoints[n/2].Ready = false
			in := Input{Published: w.published, Owner: owner(), Slices: w.slices}
			b.ReportAllocs()
			for b.Loop() {
				if c := Render(in).Slices; len(c.Update) != 1 || len(c.Create)+len(c.Delete) > 0 {
					b.Fatal(c)
				}
			}
		})
	}
}
