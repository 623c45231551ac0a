package dnsserver

import (
	"fmt"
	"net/netip"
	"time"

	"fairlead.dev/internal/model"
)

var (
	httpPort    = model.EndpointPort{Name: "http", Protocol: model.TCP, Port: 8080}
	metricsPort = model.EndpointPort{Name: "metrics", Protocol: model.UDP, Port: 9191}
	noon        = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
)

func addrs(ss ...string) (out []netip.Addr) {
	for _, s := range ss {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func endpoint(addr, hostname string, ports ...model.EndpointPort) model.Endpoint {
	return model.Endpoint{Addr: netip.MustParseAddr(addr), Hostname: hostname, Ready: true, Ports: ports}
}

func unready(e model.Endpoint) model.Endpoint {
	e.Ready = false
	return e
}

func service(namespace, name string, t model.ServiceType) *model.Published {
	return &model.Published{Service: model.Service{Key: model.Key{Namespace: namespace, Name: name}, Type: t}}
}

func clusterIP(name string, ips []netip.Addr, ports []model.Port, endpoints ...model.Endpoint) *model.Published {
	p := service("prod", name, model.ClusterIP)
	p.Service.ClusterIPs, p.Service.Ports, p.Decision.Endpoints = ips, ports, endpoints
	return p
}

func headless(name string, endpoints ...model.Endpoint) *model.Published {
	p := service("prod", name, model.Headless)
	p.Decision.Endpoints = endpoints
	return p
}

func external(name, target string) *model.Published {
	p := service("prod", name, model.ExternalName)
	p.Decision.External = &model.External{Name: target}
	return p
}

// world has one service of every kind in the namespace prod.
func world() *model.Snapshot {
	one := []model.Port{{Name: "http", Protocol: model.TCP, Port: 80}}
	four := []model.Port{
		{Name: "http", Protocol: model.TCP, Port: 80},
		{Name: "metrics", Protocol: model.UDP, Port: 9090},
		{Name: "dns", Protocol: model.UDP, Port: 53},
		{Name: "dns-tcp", Protocol: model.TCP, Port: 53},
	}
	unnamed := model.EndpointPort{Protocol: model.TCP, Port: 5432}
	services := []*model.Published{
		clusterIP("web", addrs("10.96.1.1"), one,
			endpoint("10.0.1.1", "", httpPort), endpoint("10.0.1.2", "web-b", httpPort),
			unready(endpoint("10.0.1.3", "", httpPort))),
		clusterIP("dual", addrs("10.96.1.2", "fd00::1:2"), four,
			endpoint("fd00:1::", "", httpPort, metricsPort)),
		clusterIP("v6", addrs("fd00::1:3"), one),
		clusterIP("unnamed", addrs("10.96.1.4"), []model.Port{{Protocol: model.TCP, Port: 5432}},
			endpoint("10.0.4.1", "", unnamed)),
		clusterIP("portless", addrs("10.96.1.5"), nil),
		headless("pets",
			endpoint("10.0.2.1", "", httpPort, metricsPort),
			endpoint("10.0.2.2", "my-pet", httpPort), endpoint("10.0.2.3", "my-pet", httpPort),
			unready(endpoint("10.0.2.4", "gone", httpPort)),
			endpoint("fd00:2::9", "", httpPort)),
		headless("bare", endpoint("10.0.3.1", ""), endpoint("10.0.2.1", "")),
		headless("mixed", endpoint("10.0.6.1", "", httpPort), endpoint("10.96.1.5", "", metricsPort), endpoint("10.0.6.2", "Upper"), endpoint("10.0.6.1", "", metricsPort)),
		headless("empty"),
		headless("down", unready(endpoint("10.0.5.1", "", httpPort))),
		external("out", "www.example.com"),
		external("inside", "web.prod.svc.cluster.local"),
		external("inside-v6", "v6.prod.svc.cluster.local"),
		external("twice", "out.prod.svc.cluster.local"),
		external("nowhere", "missing.prod.svc.cluster.local"),
		external("loop-a", "loop-b.prod.svc.cluster.local"),
		external("loop-b", "loop-a.prod.svc.cluster.local"),
		external("loop-self", "loop-self.prod.svc.cluster.local"),
		external("loop-below", "x.loop-below.prod.svc.cluster.local"),
		external("by-address", "10.0.1.25"),
		service("prod", "undecided", model.ExternalName),
		external("chain-0", "web.prod.svc.cluster.local"),
	}
	for i := 1; i < 12; i++ {
		services = append(services, external(fmt.Sprintf("chain-%d", i), fmt.Sprintf("chain-%d.prod.svc.cluster.local", i-1)))
	}
	var crowd []model.Endpoint
	for i := range 40 {
		crowd = append(crowd, endpoint(fmt.Sprintf("10.9.0.%d", i+1), "", httpPort))
	}
	services = append(services, headless("crowd", crowd...))
	s := model.NewSnapshot("cluster.local", []string{"prod", "hollow"}, services, nil)
	s.At = noon
	return s
}

func worldView() *View {
	return NewView(world(), Options{Self: addrs("127.96.0.10", "fd00::2")})
}
