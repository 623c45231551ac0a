package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// newHost adds a host to the world.
func (p *simPlan) newHost() netip.Addr {
	n := len(p.hosts)
	a := netip.AddrFrom4([4]byte{10, 0, byte(n / 200), byte(n%200 + 1)})
	p.hosts = append(p.hosts, simHost{addr: a, mode: hostUp})
	return a
}

func (p *simPlan) newHost6() netip.Addr {
	a := netip.MustParseAddr(fmt.Sprintf("fd00::%x", len(p.hosts)+1))
	p.hosts = append(p.hosts, simHost{addr: a, mode: hostUp})
	return a
}

// newName adds a name with its hosts, or takes one that another service has.
func (p *simPlan) newName() string {
	r := p.random
	if at := r.IntN(6 * (1 + len(p.names))); at < len(p.names) && len(p.names[at].hosts) == 0 {
		return p.names[at].name
	}
	n := simName{name: fmt.Sprintf("n%d.example.com", len(p.names)), ttl: p.ttl()}
	switch r.IntN(8) {
	case 0:
		n.aaaa = []netip.Addr{p.newHost6()}
	case 1:
		n.a, n.aaaa = []netip.Addr{p.newHost()}, []netip.Addr{p.newHost6()}
	case 2:
		for range 7 {
			n.a = append(n.a, p.newHost())
		}
		n.window = 3
	default:
		for range pick(r, 1, 1, 2, 3) {
			n.a = append(n.a, p.newHost())
		}
	}
	p.names = append(p.names, n)
	return n.name
}

func (p *simPlan) ttl() time.Duration {
	return pick(p.random, 0, time.Second, p.unit, 4*p.unit, 30*p.unit, 1000*time.Hour)
}

// newSRV adds an SRV name with hosts that have names of their own.
func (p *simPlan) newSRV() string {
	n := simName{ttl: p.ttl()}
	for range pick(p.random, 1, 2) {
		n.hosts = append(n.hosts, model.Host{Name: p.newName(), Port: uint16(7000 + p.random.IntN(2)), Priority: uint16(p.random.IntN(2))})
	}
	n.name = fmt.Sprintf("_db._tcp.n%d.example.com", len(p.names))
	p.names = append(p.names, n)
	return n.name
}

// service draws a service.
func (p *simPlan) service(i int) model.Service {
	r := p.random
	s := model.Service{
		Key:    model.Key{Namespace: "default", Name: fmt.Sprintf("s%d", i)},
		Type:   pick(r, model.ClusterIP, model.ClusterIP, model.ClusterIP, model.Headless, model.ExternalName),
		Origin: model.Origin{Kind: "ExternalService", Generation: 1},
		Ports:  []model.Port{{Protocol: model.TCP, Port: 5432, TargetPort: 5432}},
		Resolution: model.Resolution{
			MinInterval: max(time.Second, p.unit/10, p.units(0, 1, 1, 2)), MaxInterval: time.Second + p.units(3, 10),
			MissingGrace: p.units(0, 3, 8, 8), Retain: p.units(0, 0, 0, 4, 12),
		},
		Failover: p.failover(),
	}
	if s.Type == model.ClusterIP {
		s.ClusterIPs = []netip.Addr{netip.AddrFrom4([4]byte{127, 96, 1, byte(i + 1)})}
	}
	if r.IntN(4) == 0 {
		s.Ports = []model.Port{
			{Name: "db", Protocol: model.TCP, Port: 5432, TargetPort: 5432}, {Name: "metrics", Protocol: model.TCP, Port: 80, TargetPort: 9187},
		}
	}
	tiers := 1
	if r.IntN(5) > 0 {
		s.Probe = p.probe()
		tiers = pick(r, 1, 2, 2, 2, 3)
	}
	for tier := range tiers {
		for range pick(r, 1, 1, 2) {
			s.Targets = append(s.Targets, p.target(fmt.Sprintf("%c", 'a'+len(s.Targets)), tier, s.Type))
		}
	}
	if s.Probe != nil && s.Probe.Role == model.RolePrimary {
		p.crown(&s)
	}
	return s
}

func (p *simPlan) failover() model.Failover {
	r := p.random
	return model.Failover{
		ManualFailback: r.IntN(4) == 0, FailbackDelay: p.units(0, 2, 2, 8), Withdraw: r.IntN(5) == 0, MinimumReady: pick(r, 1, 1, 1, 2),
	}
}

func (p *simPlan) probe() *model.Probe {
	r := p.random
	probe := &model.Probe{
		Kind: pick(r, model.ProbeTCP, model.ProbeHTTP, model.ProbePostgres), Interval: p.units(1, 1, 2),
		FailureThreshold: pick(r, 1, 2, 3, 3), SuccessThreshold: pick(r, 1, 2, 3),
	}
	probe.Timeout = max(100*time.Millisecond, probe.Interval/time.Duration(pick(r, 1, 2, 5)))
	if probe.Kind == model.ProbePostgres {
		probe.Role = pick(r, model.RolePrimary, model.RolePrimary, model.RoleReplica)
	}
	return probe
}

func (p *simPlan) target(name string, tier int, typ model.ServiceType) model.Target {
	t := model.Target{Name: name, Priority: tier}
	switch kind := p.random.IntN(8); {
	case typ == model.ExternalName || kind < 5:
		t.Hostname = p.newName()
	case kind == 5:
		t.SRV = p.newSRV()
	default:
		for range pick(p.random, 1, 2, 3) {
			t.Addresses = append(t.Addresses, p.newHost())
		}
	}
	return t
}

// crown makes one host of a service its primary.
func (p *simPlan) crown(s *model.Service) {
	w := p.world()
	all := w.hostsOf(s)
	if len(all) == 0 {
		return
	}
	king := all[p.random.IntN(len(all))].addr
	at := slices.IndexFunc(p.hosts, func(h simHost) bool { return h.addr == king })
	p.hosts[at].primary = true
}

// hostsOf are the hosts behind the targets of a service, as DNS has it now.
func (w *simWorld) hostsOf(s *model.Service) []*simHost {
	var all []*simHost
	for i := range s.Targets {
		all = append(all, w.hostsOfTarget(&s.Targets[i])...)
	}
	return all
}

func (w *simWorld) hostsOfTarget(t *model.Target) []*simHost {
	var all []*simHost
	add := func(addrs ...netip.Addr) {
		for _, a := range addrs {
			if h := w.host(a); h != nil && !slices.Contains(all, h) {
				all = append(all, h)
			}
		}
	}
	add(t.Addresses...)
	names := []string{t.Hostname}
	if n := w.name(t.SRV); n != nil {
		for _, h := range n.hosts {
			names = append(names, h.Name)
		}
	}
	for _, name := range names {
		if n := w.name(name); n != nil {
			add(n.a...)
			add(n.aaaa...)
		}
	}
	return all
}
