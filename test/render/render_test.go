//go:build linux

package render

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// TestRender is one test so that the API server starts once.
func TestRender(t *testing.T) {
	k := start(t)
	t.Run("addresses", k.addresses)
	t.Run("sizes", k.sizes)
	t.Run("types", k.types)
	t.Run("drift", k.drift)
}

func endpoints(n int) []model.Endpoint {
	var all []model.Endpoint
	for i := range n {
		a := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		if i%3 == 1 {
			a = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i))
		}
		all = append(all, model.Endpoint{Addr: a, Target: "primary", Ready: i%7 != 0, Ports: []model.EndpointPort{
			{Name: "postgres", Protocol: model.TCP, Port: 6432}, {Name: "dns", Protocol: model.UDP, Port: 53},
		}})
	}
	return all
}

// right fails unless what stands is what is published, and nothing is left to
// write.
func (k *tier) right(t *testing.T) {
	t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	for _, e := range k.published.Decision.Endpoints {
		want[fmt.Sprint(e.Addr, " ", e.Hostname, " ", e.Ready)] = true
	}
	standing := k.slices(t)
	for _, s := range standing {
		for _, e := range s.Endpoints {
			hostname := ""
			if e.Hostname != nil {
				hostname = *e.Hostname
			}
			got[fmt.Sprint(e.Addresses[0], " ", hostname, " ", *e.Conditions.Ready)] = true
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("endpoints (-want +got):\n%s", d)
	}
	out := render.Render(render.Input{Published: &k.published, Owner: owner(), Slices: standing})
	if !out.Slices.Empty() {
		t.Errorf("what was just written is written again:\n%s", cmp.Diff(standing, slices.Concat(out.Slices.Create, out.Slices.Update)))
	}
	if service := k.service(t); render.MustBridge(service, out.Service) || render.Repair(service, out.Service) != nil {
		t.Errorf("the Service that was just written is written again:\n%s", cmp.Diff(service, render.Repair(service, out.Service)))
	}
}

// sizes go up, down and back.
func (k *tier) sizes(t *testing.T) {
	for _, n := range []int{0, 1, 100, 101, 1000, 101, 0, 2} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			k.published.Decision.Endpoints = endpoints(n)
			k.publish(t)
			k.right(t)
		})
	}
}

// types switches from each type to each other.
func (k *tier) types(t *testing.T) {
	order := []model.ServiceType{model.ClusterIP, model.Headless, model.ExternalName, model.ClusterIP, model.ExternalName, model.Headless, model.ClusterIP}
	for _, kind := range order {
		t.Run(string(kind), func(t *testing.T) {
			k.published.Service.Type = kind
			k.published.Decision = model.Decision{Endpoints: endpoints(3)}
			switch kind {
			case model.Headless:
				for i := range k.published.Decision.Endpoints {
					k.published.Decision.Endpoints[i].Hostname = "primary"
				}
			case model.ExternalName:
				k.published.Decision = model.Decision{External: &model.External{Name: "primary-db.example.com"}}
			}
			k.publish(t)
			k.right(t)
			s := k.service(t)
			got := model.ServiceType(s.Spec.Type)
			if s.Spec.ClusterIP == corev1.ClusterIPNone {
				got = model.Headless
			}
			if got != kind || (kind == model.ClusterIP) != strings.HasPrefix(s.Spec.ClusterIP, "127.103.") {
				t.Errorf("it is %s with the virtual IP %q", got, s.Spec.ClusterIP)
			}
		})
	}
}

// drift is what people do by hand.
func (k *tier) drift(t *testing.T) {
	k.published.Service.Type = model.ClusterIP
	k.published.Decision = model.Decision{Endpoints: endpoints(3)}
	for _, patch := range []string{
		`{"spec": {"selector": {"app": "db"}}}`,
		`{"spec": {"ports": [{"name": "more", "port": 7777}]}}`,
		`{"spec": {"ports": [{"port": 5432, "targetPort": 1}]}}`,
		`{"spec": {"type": "NodePort"}}`,
		`{"spec": {"type": "LoadBalancer"}}`,
		`{"spec": {"externalIPs": ["203.0.113.7"]}}`,
		`{"spec": {"sessionAffinity": "ClientIP"}}`,
		`{"spec": {"publishNotReadyAddresses": true}}`,
		`{"spec": {"ipFamilyPolicy": "SingleStack"}}`,
		`{"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}}`,
		`{"metadata": {"ownerReferences": null}}`,
	} {
		t.Run(patch, func(t *testing.T) {
			k.publish(t)
			before := k.service(t)
			if _, err := k.Kubectl(t.Context(), "patch", "service", "db", "-p", patch); err != nil {
				t.Fatal(err)
			}
			wanted := render.Render(render.Input{Published: &k.published, Owner: owner()}).Service
			repaired := render.Repair(k.service(t), wanted)
			if repaired == nil {
				t.Fatal("nobody noticed")
			}
			text, err := json.Marshal(repaired)
			if err != nil {
				t.Fatal(err)
			}
			cmd := k.Command(t.Context(), "replace", "-f", "-")
			cmd.Stdin = strings.NewReader(string(text))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			k.right(t)
			after := k.service(t)
			if d := cmp.Diff(before.Spec, after.Spec); d != "" {
				t.Errorf("before and after (-before +after):\n%s", d)
			}
		})
	}
	t.Run("labels and annotations of others stay", func(t *testing.T) {
		for _, what := range []string{"label", "annotate"} {
			if _, err := k.Kubectl(t.Context(), what, "service", "db", "team=storage"); err != nil {
				t.Fatal(err)
			}
		}
		k.right(t)
	})
}

// addresses: what the API server refuses in a slice is left out, by the decision
// that says so and by the last line.
func (k *tier) addresses(t *testing.T) {
	for _, text := range []string{
		"10.0.0.1", "100.64.0.1", "192.0.2.1", "203.0.113.7", "2001:db8::1", "fd00::1", "64:ff9b::a00:1", "240.0.0.1",
		"127.0.0.1", "127.255.255.255", "::1", "0.0.0.0", "::", "169.254.169.254", "fe80::1", "224.0.0.1", "239.1.2.3",
		"ff02::1", "ff0e::1", "255.255.255.255", "::ffff:10.0.0.1", "fe80::1%eth0", "0.1.2.3",
	} {
		t.Run(text, func(t *testing.T) {
			a := netip.MustParseAddr(text)
			p := k.published
			p.Decision.Endpoints = []model.Endpoint{{Addr: a, Target: "primary", Ready: true}}
			rendered := len(render.Render(render.Input{Published: &p, Owner: owner()}).Slices.Create) > 0
			d := failover.Decide(failover.Input{
				Service:   model.Service{Targets: []model.Target{{Name: "primary", Addresses: []netip.Addr{a}}}},
				Forbidden: failover.Forbidden{Unroutable: true},
			})
			refused := k.refuses(t, a)
			t.Logf("refused by the API server: %v; decided: %s", refused, d.Targets[0].Message)
			if published := len(d.Endpoints) > 0; rendered != published {
				t.Errorf("the decision publishes it: %v; it is rendered: %v", published, rendered)
			}
			if refused && rendered {
				t.Error("the API server refuses it, and it is rendered")
			}
		})
	}
}

// refuses puts a slice with the address to the API server.
func (k *tier) refuses(t *testing.T, a netip.Addr) bool {
	t.Helper()
	family := discoveryv1.AddressTypeIPv6
	if a.Is4() {
		family = discoveryv1.AddressTypeIPv4
	}
	cmd := k.Command(t.Context(), "create", "--dry-run=server", "-f", "-")
	cmd.Stdin = strings.NewReader(fmt.Sprintf("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x}\naddressType: %s\nendpoints: [{addresses: [%q]}]\n", family, a))
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "endpoints[0].addresses[0]") {
		t.Fatalf("%v: %s", err, out)
	}
	return err != nil
}
