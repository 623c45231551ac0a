package render

import (
	"fmt"
	"net/netip"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	"pgregory.net/rapid"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// drawFront draws a gateway's Pods, or none, of which all listen on the same port.
func drawFront(t *rapid.T) *Front {
	ports := []model.EndpointPort{{Protocol: model.TCP, Port: rapid.Uint16Range(20000, 20002).Draw(t, "listens")}}
	f := &Front{Ports: ports, Direct: rapid.Bool().Draw(t, "direct")}
	for i := range rapid.IntRange(0, 3).Draw(t, "pods") {
		f.Pods = append(f.Pods, model.Endpoint{Addr: netip.AddrFrom4([4]byte{10, 244, 0, byte(i + 1)}), Ready: rapid.Bool().Draw(t, "ready"), Ports: ports})
	}
	return f
}

// checkFront: clients see the Pods, and the targets only where they are said to; what
// stands behind the gateway is told apart by target and host, and belongs to no Service.
func (w *world) checkFront(t *rapid.T) {
	behind, direct, pods := map[string]int{}, map[string]int{}, map[string]int{}
	fronts := 0
	for _, s := range w.slices {
		service, targets := s.Labels[discoveryv1.LabelServiceName], s.Labels[v1alpha1.LabelService]
		into := direct
		switch s.Labels[v1alpha1.LabelGateway] {
		case v1alpha1.GatewayFront:
			into = pods
			fronts++
			if *s.Ports[0].Port != int32(w.front.Ports[0].Port) {
				t.Fatalf("%s has port %d", s.Name, *s.Ports[0].Port)
			}
		case v1alpha1.GatewayTargets:
			into = behind
			if service != "" || targets != "db" || s.Labels[serviceProxyName] == "" {
				t.Fatalf("%s, behind the gateway, is labelled %v", s.Name, s.Labels)
			}
			service = "db"
		}
		if service != "db" {
			t.Fatalf("%s is labelled %v", s.Name, s.Labels)
		}
		for _, e := range s.Endpoints {
			a := s.Annotations
			into[fmt.Sprint(e.Addresses[0], *s.Ports[0].Port, *e.Conditions.Ready, a[v1alpha1.AnnotationTarget], a[v1alpha1.AnnotationHost])]++
		}
	}
	if fronts == 0 {
		t.Fatal("nothing says where the gateway listens")
	}
	same := func(what string, got map[string]int, want []model.Endpoint, told bool) {
		for _, e := range want {
			k := fmt.Sprint(e.Addr.String(), e.Ports[0].Port, e.Ready, "", "")
			if told {
				k = fmt.Sprint(e.Addr.String(), e.Ports[0].Port, e.Ready, e.Target, e.Host)
			}
			if got[k] != 1 {
				t.Fatalf("%s: %s stands in %d slices", what, k, got[k])
			}
			delete(got, k)
		}
		if len(got) > 0 {
			t.Fatalf("%s: nobody wants %v", what, got)
		}
	}
	ends := w.published.Decision.Endpoints
	same("behind", behind, ends, true)
	same("pods", pods, w.front.Pods, false)
	if !w.front.Direct {
		ends = nil
	}
	same("direct", direct, ends, false)
	if c := w.apply(); !c.Empty() {
		t.Fatalf("what is right is written again: %d, %d, %d", len(c.Create), len(c.Update), len(c.Delete))
	}
}

// TestAnyChangeOfAGateway: one comes, goes and changes, from any state to any other.
func TestAnyChangeOfAGateway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			ends := drawEndpoints(t)
			for i := range ends {
				at := rapid.IntRange(0, 2).Draw(t, "of")
				ends[i].Target, ends[i].Host = []string{"a", "a", "b"}[at], []string{"", "a.example.com", "b.example.com"}[at]
			}
			w.published.Decision.Endpoints = ends
			w.front = nil
			if rapid.IntRange(0, 3).Draw(t, "gateway") > 0 {
				w.front = drawFront(t)
			}
			w.apply()
			if w.front == nil {
				w.check(t)
				continue
			}
			w.checkFront(t)
		}
	})
}
