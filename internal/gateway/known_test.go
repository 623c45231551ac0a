package gateway

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"fairlead.dev/api/v1alpha1"
)

// place is a cluster as a gateway's watch has it, and a clock.
type place struct {
	now      time.Time
	known    *known
	services []v1alpha1.ExternalService
	slices   []discoveryv1.EndpointSlice
	version  int
}

func newPlace() *place {
	p := &place{now: time.Unix(1_000_000, 0)}
	p.known = newKnown(Config{
		Domain: "cluster.local", Addresses: []netip.Addr{netip.MustParseAddr("10.244.0.7")},
		Forbidden: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16")}, Log: slog.New(slog.DiscardHandler),
	}, func() time.Time { return p.now })
	return p
}

// learn returns what the relay is told, in words; "as before" for nothing.
func (p *place) learn() string {
	all, _ := p.known.learn(p.services, p.slices)
	if all == nil {
		return "as before"
	}
	var out []string
	for _, s := range all {
		var listens, ends []string
		for i, port := range s.Service.Ports {
			l, _ := s.Service.Listener(i)
			listens = append(listens, fmt.Sprintf("%d at %v:%d %s", port.Port, s.Service.ClusterIPs, port.Listen, l.Protocol))
		}
		for _, e := range s.Decision.Endpoints {
			ends = append(ends, fmt.Sprintf("%s:%d %s/%s %t", e.Addr, e.Ports[0].Port, e.Target, e.Host, e.Ready))
		}
		out = append(out, fmt.Sprintf("%s: %s -> %s", s.Service.Key.Name, strings.Join(listens, ", "), strings.Join(ends, ", ")))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// want has a service with a gateway.
func (p *place) want(name string, generation int64, edit func(*v1alpha1.ExternalService)) {
	e := v1alpha1.ExternalService{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID("uid-" + name), Generation: generation},
		Spec: v1alpha1.ExternalServiceSpec{
			Type:    "ClusterIP",
			Ports:   []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 443}, {Name: "https", Port: 443}},
			Targets: []v1alpha1.Target{{Name: "a", Hostname: "a.example.com"}},
			Gateway: &v1alpha1.Gateway{
				Listeners:  []v1alpha1.GatewayListener{{Port: 80, Protocol: "HTTP"}, {Port: 443, Protocol: "HTTPS", TLS: &v1alpha1.ListenerTLS{CertificateRefs: []v1alpha1.TLSSecretReference{{Name: "web"}}}}},
				BackendTLS: &v1alpha1.BackendTLS{},
			},
		},
	}
	if edit != nil {
		edit(&e)
	}
	p.services = slices.DeleteFunc(p.services, func(o v1alpha1.ExternalService) bool { return o.Name == name })
	p.services = append(p.services, e)
}

// slice has a slice as the controller writes it.
func (p *place) slice(name string, of string, role string, ports map[string]int32, addresses ...string) *discoveryv1.EndpointSlice {
	yes := true
	p.version++
	s := discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, UID: types.UID("uid-" + name), ResourceVersion: fmt.Sprint(p.version),
		Labels:          map[string]string{v1alpha1.LabelGateway: role},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "fairlead.dev/v1alpha1", Kind: "ExternalService", Name: of, UID: types.UID("uid-" + of), Controller: &yes}},
	}}
	if role == v1alpha1.GatewayFront {
		s.Labels[discoveryv1.LabelServiceName] = of
	} else {
		s.Labels[v1alpha1.LabelService] = of
		s.Annotations = map[string]string{v1alpha1.AnnotationTarget: "a", v1alpha1.AnnotationHost: "a.example.com"}
	}
	for n, port := range ports {
		s.Ports = append(s.Ports, discoveryv1.EndpointPort{Name: &n, Port: &port})
	}
	for _, a := range addresses {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	p.slices = slices.DeleteFunc(p.slices, func(o discoveryv1.EndpointSlice) bool { return o.Name == name })
	p.slices = append(p.slices, s)
	return &p.slices[len(p.slices)-1]
}

func (p *place) remove(name string) {
	p.services = slices.DeleteFunc(p.services, func(o v1alpha1.ExternalService) bool { return o.Name == name })
	p.slices = slices.DeleteFunc(p.slices, func(o discoveryv1.EndpointSlice) bool { return strings.HasPrefix(o.Name, name) })
}

func (p *place) served() {
	p.want("web", 1, nil)
	p.slice("web-front", "web", v1alpha1.GatewayFront, map[string]int32{"http": 20000, "https": 20001}, "10.244.0.7")
	p.slice("web-targets", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.1")
}

const web = "web: 80 at [10.244.0.7]:20000 HTTP, 443 at [10.244.0.7]:20001 HTTPS -> 192.0.2.1:443 a/a.example.com true"

// TestLearn: what a gateway makes of what stands in its cluster.
func TestLearn(t *testing.T) {
	for _, c := range []struct {
		name string
		then func(*place)
		want string
	}{
		{"served", func(*place) {}, "as before"},
		{"a status is no news", func(p *place) {
			p.services[0].Status.ObservedGeneration, p.services[0].ResourceVersion = 1, "99"
		}, "as before"},
		{"an endpoint moves", func(p *place) {
			p.slice("web-targets", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.2")
		}, strings.Replace(web, "192.0.2.1", "192.0.2.2", 1)},
		{"an endpoint in a forbidden range", func(p *place) {
			p.slice("web-targets", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "10.96.0.1", "192.0.2.1")
		}, web},
		{"an endpoint that is not ready", func(p *place) {
			no := false
			p.slice("web-targets", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.1").Endpoints[0].Conditions.Ready = &no
		}, strings.Replace(web, "true", "false", 1)},
		{"a slice of somebody else", func(p *place) {
			p.slice("web-forged", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.66").OwnerReferences[0].UID = "another"
		}, "as before"},
		{"a slice of nobody", func(p *place) {
			p.slice("web-forged", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.66").OwnerReferences = nil
		}, "as before"},
		{"a slice that is not the gateway's", func(p *place) {
			p.slice("web-direct", "web", "", map[string]int32{"http": 443}, "192.0.2.66")
		}, "as before"},
		{"a slice by a name that the spec does not have", func(p *place) {
			p.slice("web-forged", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.66").Annotations[v1alpha1.AnnotationHost] = "evil.example.com"
		}, web},
		{"a slice of a target that the spec does not have", func(p *place) {
			p.slice("web-forged", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.66").Annotations[v1alpha1.AnnotationTarget] = "evil"
		}, web},
		{"an endpoint that is the gateway", func(p *place) {
			p.slice("web-targets", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 20000}, "10.244.0.7")
		}, strings.Replace(web, "192.0.2.1:443 a/a.example.com true", "", 1)},
		{"a hostname that was edited, and endpoints of the one before", func(p *place) {
			p.want("web", 2, func(e *v1alpha1.ExternalService) { e.Spec.Targets[0].Hostname = "b.example.com" })
		}, web},
		{"and another edit after that", func(p *place) {
			edited := func(e *v1alpha1.ExternalService) { e.Spec.Targets[0].Hostname = "b.example.com" }
			p.want("web", 2, edited)
			p.learn()
			p.want("web", 3, func(e *v1alpha1.ExternalService) { edited(e); e.Spec.Gateway.LoadBalancing = "LeastConnections" })
		}, web},
		{"a name of before, when that is over", func(p *place) {
			p.want("web", 2, func(e *v1alpha1.ExternalService) { e.Spec.Targets[0].Hostname = "b.example.com" })
			p.slice("web-targets", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.1").Annotations[v1alpha1.AnnotationHost] = "b.example.com"
			p.learn()
			p.slice("web-targets", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.1")
		}, strings.Replace(web, "192.0.2.1:443 a/a.example.com true", "", 1)},
		{"an address that the spec has", func(p *place) {
			p.want("web", 2, func(e *v1alpha1.ExternalService) {
				e.Spec.Targets[0] = v1alpha1.Target{Name: "a", Addresses: []string{"192.0.2.9"}}
			})
			p.slice("web-targets", "web", v1alpha1.GatewayTargets, map[string]int32{"http": 443}, "192.0.2.9", "192.0.2.66").Annotations[v1alpha1.AnnotationHost] = ""
		}, strings.Replace(web, "192.0.2.1:443 a/a.example.com", "192.0.2.9:443 a/", 1)},
		{"another service has the port of one that is gone", func(p *place) {
			p.remove("web")
			p.want("api", 1, nil)
			p.slice("api-front", "api", v1alpha1.GatewayFront, map[string]int32{"http": 20000}, "10.244.0.7")
		}, "api: 80 at [10.244.0.7]:20000 HTTP -> "},
		{"a spec that is not understood", func(p *place) {
			p.want("web", 2, func(e *v1alpha1.ExternalService) { e.Spec.Gateway.OnTargetDown = "Explode" })
		}, web},
		{"another spec", func(p *place) {
			p.want("web", 2, func(e *v1alpha1.ExternalService) {
				e.Spec.Gateway.Listeners = []v1alpha1.GatewayListener{{Port: 80, Protocol: "TCP"}, {Port: 443, Protocol: "TCP"}}
			})
		}, strings.NewReplacer("HTTPS", "TCP", "HTTP", "TCP").Replace(web)},
		{"a port without a place to listen yet", func(p *place) {
			p.slice("web-front", "web", v1alpha1.GatewayFront, map[string]int32{"https": 20001}, "10.244.0.7")
		}, "web: 443 at [10.244.0.7]:20001 HTTPS -> 192.0.2.1:443 a/a.example.com true"},
		{"gone, and clients still come", func(p *place) { p.remove("web") }, "as before"},
		{"gone for good", func(p *place) {
			p.remove("web")
			p.learn()
			p.now = p.now.Add(linger)
		}, ""},
		{"gone and back", func(p *place) {
			p.remove("web")
			p.learn()
			p.now = p.now.Add(linger - time.Second)
			p.served()
			p.learn()
			p.now = p.now.Add(time.Hour)
		}, "as before"},
		{"without a gateway any more", func(p *place) {
			p.want("web", 2, func(e *v1alpha1.ExternalService) { e.Spec.Gateway = nil })
		}, "as before"},
		{"another service beside it", func(p *place) {
			p.want("api", 1, nil)
			p.slice("api-front", "api", v1alpha1.GatewayFront, map[string]int32{"http": 20002}, "10.244.0.7")
		}, "api: 80 at [10.244.0.7]:20002 HTTP -> \n" + web},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace()
			p.served()
			if got := p.learn(); got != web {
				t.Fatalf("got\n%s\nwant\n%s", got, web)
			}
			c.then(p)
			if got := p.learn(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestNobody: a cluster without services is something that a gateway knows.
func TestNobody(t *testing.T) {
	all, _ := newPlace().known.learn(nil, nil)
	if all == nil || len(all) > 0 {
		t.Errorf("got %v", all)
	}
}
