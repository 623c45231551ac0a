package dash

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// live is a source of snapshots that a test changes.
type live struct {
	mu      sync.Mutex
	current *model.Snapshot
	changed chan struct{}
}

func newLive(s *model.Snapshot) *live {
	s.Generation = 1
	return &live{current: s, changed: make(chan struct{})}
}

func (l *live) snapshot() *model.Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// set makes s current and wakes those who wait.
func (l *live) set(s *model.Snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Generation = l.current.Generation + 1
	s.At = time.Now()
	l.current = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// change replaces one service by what edit makes of it.
func (l *live) change(k model.Key, edit func(*model.Published)) {
	old := l.snapshot()
	var all []*model.Published
	for _, p := range old.Services {
		if p.Service.Key == k {
			c := *p
			edit(&c)
			p = &c
		}
		all = append(all, p)
	}
	l.set(model.NewSnapshot(old.Domain, old.Namespaces, all, old.Problems))
}

func sampleInfo() wire.Info {
	return wire.Info{
		Version: "v0.1.0", Started: time.Now().Add(-3*time.Hour - 12*time.Minute),
		DNSAddress: "127.0.0.1:5353", HTTPAddress: "127.0.0.1:8053",
		Upstreams: []string{"192.0.2.53:53", "[2001:db8::53]:53"}, ServiceCIDRs: []string{"127.96.0.0/16"},
		Paths: []string{"examples/reporting", "examples/shop"},
	}
}

func addrs(all ...string) []netip.Addr {
	var out []netip.Addr
	for _, a := range all {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// at builds the endpoints of a target.
func at(target string, ready bool, port uint16, ips ...string) []model.Endpoint {
	var out []model.Endpoint
	for _, a := range addrs(ips...) {
		out = append(out, model.Endpoint{
			Addr: a, Target: target, Ready: ready, Ports: []model.EndpointPort{{Protocol: model.TCP, Port: port}},
		})
	}
	return out
}

// said builds the three conditions that follow Accepted.
func said(since time.Duration, resolved, ready bool, reason, message string) []model.Condition {
	t := time.Now().Add(-since)
	c := func(typ model.ConditionType, ok bool, good, says string) model.Condition {
		out := model.Condition{Type: typ, Status: ok, Reason: good, Message: says, Since: t}
		if !ok {
			out.Reason, out.Message = reason, message
		}
		return out
	}
	return []model.Condition{
		{Type: model.Accepted, Status: true, Reason: "Accepted", Message: "the manifest is valid", Since: t},
		c(model.Resolvable, resolved, "Resolved", "DNS confirms every address"),
		c(model.Programmed, ready, "Listening", "listening on every port"),
		c(model.Ready, ready, "EndpointsReady", "endpoints are ready"),
	}
}

// sample is a small world with something of everything in it.
func sample() *model.Snapshot {
	tcp := func(port uint16, name string) []model.Port {
		return []model.Port{{Name: name, Protocol: model.TCP, Port: port, TargetPort: port}}
	}
	svc := func(ns, name string, typ model.ServiceType, line int, ports []model.Port, ips ...string) model.Service {
		return model.Service{
			Key: model.Key{Namespace: ns, Name: name}, Type: typ, ClusterIPs: addrs(ips...), Ports: ports,
			Origin:     model.Origin{Kind: "ExternalService", File: "examples/" + ns + "/services.yaml", Line: line},
			Resolution: model.DefaultResolution(),
		}
	}
	recent := time.Now().Add(-4 * time.Second)
	target := func(name, where string, prio int, active bool, ips ...string) model.TargetStatus {
		return model.TargetStatus{
			Name: name, Where: where, Priority: prio, Active: active, Addresses: addrs(ips...),
			ResolvedAt: recent, Reason: "Resolved", Message: where + " resolves",
		}
	}
	services := []*model.Published{
		{
			Service: svc("reporting", "analytics-db", model.ClusterIP, 3, tcp(5432, "postgres"), "127.96.0.10"),
			Decision: model.Decision{
				Active: []string{"primary"}, Endpoints: at("primary", true, 5432, "10.0.1.25", "10.0.1.26"),
				Targets: []model.TargetStatus{
					target("primary", "primary-db.example.com", 0, true, "10.0.1.25", "10.0.1.26"),
					target("standby", "standby-db.example.com", 1, false, "10.0.2.25"),
				},
				Conditions: said(3*time.Hour, true, true, "", ""),
			},
		},
		{
			Service: svc("reporting", "warehouse", model.ClusterIP, 21, tcp(9000, ""), "127.96.0.11"),
			Decision: model.Decision{
				Active: []string{"eu"}, Endpoints: at("eu", true, 9000, "10.0.3.4"),
				Targets:    []model.TargetStatus{target("eu", "warehouse.eu.example.com", 0, true, "10.0.3.4")},
				Conditions: said(95*time.Second, false, true, "LookupFailed", "warehouse.eu.example.com: the lookup timed out; the addresses of 4m ago stay"),
			},
		},
		{
			Service: svc("shop", "payments", model.ClusterIP, 5, tcp(443, "https"), "127.96.0.12"),
			Decision: model.Decision{
				Active:     []string{"partner"},
				Targets:    []model.TargetStatus{{Name: "partner", Where: "api.paymnets.example", Active: true, Reason: "NameNotFound", Message: "api.paymnets.example does not exist (NXDOMAIN)"}},
				Conditions: said(12*time.Minute, false, false, "NameNotFound", "api.paymnets.example does not exist (NXDOMAIN)"),
			},
		},
		{
			Service: svc("shop", "search", model.Headless, 19, append(tcp(9200, "http"), tcp(9300, "transport")...)),
			Decision: model.Decision{
				Active:     []string{"nodes"},
				Endpoints:  append(at("nodes", true, 9200, "10.1.0.1", "10.1.0.2", "2001:db8::5"), at("nodes", false, 9200, "10.1.0.4")...),
				Targets:    []model.TargetStatus{{Name: "nodes", Where: "10.1.0.1, 10.1.0.2, 2001:db8::5, 10.1.0.4", Active: true, Addresses: addrs("10.1.0.1", "10.1.0.2", "2001:db8::5", "10.1.0.4"), Reason: "Fixed", Message: "the manifest lists them"}},
				Conditions: said(26*time.Hour, true, true, "", ""),
			},
		},
		{
			Service: svc("shop", "crm", model.ExternalName, 40, nil),
			Decision: model.Decision{
				Active: []string{"crm"}, Targets: []model.TargetStatus{target("crm", "crm.partner.example", 0, true, "203.0.113.7")},
				External: &model.External{
					Name: "crm.partner.example",
					A:    model.Resolved{Known: true, Addrs: addrs("203.0.113.7"), At: recent, TTL: 90 * time.Second},
				},
				Conditions: said(8*24*time.Hour, true, true, "", ""),
			},
		},
	}
	for _, p := range services {
		for _, t := range p.Decision.Targets {
			spec := model.Target{Name: t.Name, Priority: t.Priority, Hostname: t.Where}
			if t.Reason == "Fixed" {
				spec.Hostname, spec.Addresses = "", t.Addresses
			}
			p.Service.Targets = append(p.Service.Targets, spec)
		}
	}
	problems := []model.Problem{
		{Severity: model.Error, Reason: "AddressInExternalName", Object: "Service shop/legacy", File: "examples/shop/legacy.yaml", Line: 9, Field: "spec.externalName", Message: "externalName is the IP address 10.9.8.7; DNS has no CNAME to an address, so this never works", Hint: "use an ExternalService with addresses: [10.9.8.7]"},
		{Severity: model.Warning, Reason: "PortsIgnored", Object: "Service shop/crm", File: "examples/shop/services.yaml", Line: 44, Field: "spec.ports", Message: "ports of an ExternalName service have no effect"},
	}
	s := model.NewSnapshot("cluster.local", []string{"reporting", "shop"}, services, problems)
	s.At = recent
	return s
}

// crowd is n services in 40 namespaces, every hundredth not ready.
func crowd(n int) *model.Snapshot {
	var all []*model.Published
	var names []string
	for i := range n {
		ns, name := fmt.Sprintf("team-%02d", i%40), fmt.Sprintf("service-%05d", i)
		ip := fmt.Sprintf("10.%d.%d.%d", i/62500, i/250%250, i%250+1)
		ready := i%100 != 7
		names = append(names, ns)
		all = append(all, &model.Published{
			Service: model.Service{
				Key: model.Key{Namespace: ns, Name: name}, Type: model.ClusterIP,
				ClusterIPs: addrs(fmt.Sprintf("127.97.%d.%d", i/250, i%250+1)),
				Ports:      []model.Port{{Protocol: model.TCP, Port: 443, TargetPort: 443}},
				Origin:     model.Origin{Kind: "ExternalService", File: "all.yaml", Line: i*12 + 1},
			},
			Decision: model.Decision{
				Active: []string{"main"}, Endpoints: at("main", ready, 443, ip),
				Targets:    []model.TargetStatus{{Name: "main", Where: name + ".example.com", Active: true, Addresses: addrs(ip), ResolvedAt: time.Now(), Reason: "Resolved", Message: "1 address"}},
				Conditions: said(time.Hour, ready, ready, "NoReadyEndpoints", "0 of 1 endpoints are ready"),
			},
		})
	}
	s := model.NewSnapshot("cluster.local", names, all, nil)
	s.At = time.Now()
	return s
}

// wait is a [Config.Changed].
func (l *live) wait(ctx context.Context, after uint64) error {
	for {
		l.mu.Lock()
		now, changed := l.current.Generation, l.changed
		l.mu.Unlock()
		if now != after {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
