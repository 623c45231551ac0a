package failover_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// now is the time of every decision in these tests.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func addrs(ss ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range ss {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// known is what DNS said, by "NAME TYPE".
type known map[string]model.Answer

func (k known) answer(q model.Question) (model.Answer, bool) {
	a, ok := k[q.Name+" "+string(q.Type)]
	return a, ok
}

func records(ago time.Duration, ips ...string) model.Answer {
	o := model.Observation{Class: model.Answered, At: now.Add(-ago), TTL: 5 * time.Second, Addrs: addrs(ips...)}
	return model.Answer{Good: o, Last: o}
}

// then has DNS say something else since then, until now.
func (k known) then(name string, c model.Class, since time.Duration) known {
	a := k[name]
	a.Last = model.Observation{Class: c, At: now.Add(-since), Detail: "it went wrong"}
	if !c.Failed() {
		a.MissingSince, a.MissingAt = now.Add(-since), now
	}
	k[name] = a
	return k
}

// once has DNS say it then and at no time since: lookups fail, or none was made.
func (k known) once(name string, c model.Class, ago time.Duration) known {
	k.then(name, c, ago)
	a := k[name]
	a.MissingAt = a.MissingSince
	k[name] = a
	return k
}

func host(name string, priority int, hostname string) model.Target {
	return model.Target{Name: name, Priority: priority, Hostname: hostname}
}

func fixed(name string, priority int, ips ...string) model.Target {
	return model.Target{Name: name, Priority: priority, Addresses: addrs(ips...)}
}

// TestDecide is the table of decisions. A row's want lists the published
// addresses, a "!" before those that are not ready.
func TestDecide(t *testing.T) {
	db := "db.example.com"
	rows := []struct {
		name     string
		targets  []model.Target
		known    known
		want     []string
		ready    bool
		resolved string // reason of the condition Resolved
		reason   string // reason of the condition Ready
		next     time.Duration
	}{
		{
			name: "no target: the name goes nowhere",
			want: nil, resolved: "Fixed", reason: "NoTargets",
		},
		{
			name: "fixed addresses", targets: []model.Target{fixed("a", 0, "10.0.1.25", "10.0.1.26")},
			want: []string{"10.0.1.25", "10.0.1.26"}, ready: true, resolved: "Fixed", reason: "EndpointsReady",
		},
		{
			name: "the best tier alone", targets: []model.Target{fixed("b", 1, "10.0.1.26"), fixed("a", 0, "10.0.1.25")},
			want: []string{"10.0.1.25"}, ready: true, resolved: "Fixed", reason: "EndpointsReady",
		},
		{
			name:    "equal priorities share, an address stands once",
			targets: []model.Target{fixed("a", 5, "10.0.1.25"), fixed("b", 5, "10.0.1.25", "10.0.1.26")},
			want:    []string{"10.0.1.25", "10.0.1.26"}, ready: true, resolved: "Fixed", reason: "EndpointsReady",
		},
		{
			name: "not looked up yet", targets: []model.Target{host("a", 0, db)},
			want: nil, resolved: "Pending", reason: "Pending",
		},
		{
			name: "half looked up is not looked up", targets: []model.Target{host("a", 0, db)},
			known: known{}.then(db+" AAAA", model.Empty, 0),
			want:  nil, resolved: "Pending", reason: "Pending",
		},
		{
			name: "records, in the order of their addresses", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(0, "10.0.1.26", "10.0.1.25"), db + " AAAA": records(0, "fd00::1")},
			want:  []string{"10.0.1.25", "10.0.1.26", "fd00::1"}, ready: true, resolved: "Resolved", reason: "EndpointsReady",
		},
		{
			name: "one family without records is fine", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(0, "10.0.1.25")}.then(db+" AAAA", model.Empty, time.Hour),
			want:  []string{"10.0.1.25"}, ready: true, resolved: "Resolved", reason: "EndpointsReady",
		},
		{
			name: "a timeout keeps what is known, for ever", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(1000*time.Hour, "10.0.1.25")}.then(db+" A", model.Timeout, 0),
			want:  []string{"10.0.1.25"}, ready: true, resolved: "LookupFailed", reason: "EndpointsReady",
		},
		{
			name: "SERVFAIL keeps what is known", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(time.Hour, "10.0.1.25")}.then(db+" A", model.ServerFailure, 0),
			want:  []string{"10.0.1.25"}, ready: true, resolved: "LookupFailed", reason: "EndpointsReady",
		},
		{
			name: "NXDOMAIN is not believed at once", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(time.Hour, "10.0.1.25")}.then(db+" A", model.NotFound, 59*time.Second),
			want:  []string{"10.0.1.25"}, ready: true, resolved: "Missing", reason: "EndpointsReady", next: time.Second,
		},
		{
			name: "NXDOMAIN is believed after missingGrace", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(time.Hour, "10.0.1.25")}.then(db+" A", model.NotFound, time.Minute).then(db+" AAAA", model.NotFound, time.Minute),
			want:  nil, resolved: "NameNotFound", reason: "NameNotFound",
		},
		{
			name: "a failure after NXDOMAIN was believed brings nothing back", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(time.Hour, "10.0.1.25")}.then(db+" A", model.NotFound, 2*time.Minute).then(db+" A", model.Timeout, 0).then(db+" AAAA", model.Timeout, 0),
			want:  nil, resolved: "LookupFailed", reason: "LookupFailed",
		},
		{
			name: "a failure while NXDOMAIN is not believed keeps what is known", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(time.Hour, "10.0.1.25")}.then(db+" A", model.NotFound, 50*time.Second).then(db+" A", model.Timeout, 0),
			want:  []string{"10.0.1.25"}, ready: true, resolved: "LookupFailed", reason: "EndpointsReady", next: 10 * time.Second,
		},
		{
			name: "so it does for ever, where NXDOMAIN has not outlasted missingGrace", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(time.Hour, "10.0.1.25")}.once(db+" A", model.NotFound, 50*time.Minute).then(db+" A", model.Timeout, 0),
			want:  []string{"10.0.1.25"}, ready: true, resolved: "LookupFailed", reason: "EndpointsReady",
		},
		{
			name: "NXDOMAIN that was said only once is not believed", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(time.Hour, "10.0.1.25")}.once(db+" A", model.NotFound, 2*time.Minute),
			want:  []string{"10.0.1.25"}, ready: true, resolved: "Missing", reason: "EndpointsReady",
		},
		{
			name: "an empty answer waits, too", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(time.Hour, "10.0.1.25")}.then(db+" A", model.Empty, 30*time.Second),
			want:  []string{"10.0.1.25"}, ready: true, resolved: "Missing", reason: "EndpointsReady", next: 30 * time.Second,
		},
		{
			name: "a forbidden address is left out alone", targets: []model.Target{host("a", 0, db)},
			known: known{db + " A": records(0, "127.96.3.4", "10.0.1.25")},
			want:  []string{"10.0.1.25"}, ready: true, resolved: "AddressForbidden", reason: "EndpointsReady",
		},
		{
			name:    "endpoints of a manifest keep their readiness",
			targets: []model.Target{{Name: "s", Endpoints: []model.Endpoint{{Addr: addrs("10.0.1.25")[0]}, {Addr: addrs("10.0.1.26")[0], Ready: true}}}},
			want:    []string{"!10.0.1.25", "10.0.1.26"}, ready: true, resolved: "Fixed", reason: "EndpointsReady",
		},
		{
			name:    "none ready",
			targets: []model.Target{{Name: "s", Endpoints: []model.Endpoint{{Addr: addrs("10.0.1.25")[0]}}}},
			want:    []string{"!10.0.1.25"}, resolved: "Fixed", reason: "NoReadyEndpoints",
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := decide(model.ClusterIP, row.targets, row.known)
			var got []string
			for _, e := range d.Endpoints {
				s := e.Addr.String()
				if !e.Ready {
					s = "!" + s
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
			ready, _ := d.Condition(model.Ready)
			resolved, _ := d.Condition(model.Resolvable)
			if ready.Status != row.ready || ready.Reason != row.reason || ready.Message == "" {
				t.Errorf("Ready is %+v, want %v with reason %s and a message", ready, row.ready, row.reason)
			}
			if resolved.Reason != row.resolved || resolved.Message == "" {
				t.Errorf("Resolved is %+v, want reason %s and a message", resolved, row.resolved)
			}
			var next time.Duration
			if !d.Next.IsZero() {
				next = d.Next.Sub(now)
			}
			if next != row.next {
				t.Errorf("decided again in %s, want %s", next, row.next)
			}
		})
	}
}

func decide(typ model.ServiceType, targets []model.Target, k known) model.Decision {
	return failover.Decide(input(typ, targets, k))
}

func input(typ model.ServiceType, targets []model.Target, k known) failover.Input {
	return failover.Input{
		Service: model.Service{
			Key: model.Key{Namespace: "reporting", Name: "db"}, Type: typ, Targets: targets,
			Ports:      []model.Port{{Name: "pg", Protocol: model.TCP, Port: 5432, TargetPort: 6432}},
			Resolution: model.DefaultResolution(),
		},
		Answer: k.answer, Now: now, Domain: "cluster.local",
		Forbidden: failover.Forbidden{Ranges: []failover.Range{{Prefix: netip.MustParsePrefix("127.96.0.0/16"), Why: "it lies in the range of the virtual IPs"}}},
	}
}

func TestDecideAsksOnlyForTheActiveTier(t *testing.T) {
	d := decide(model.ClusterIP, []model.Target{host("a", 0, "DB.example.com"), host("b", 1, "standby.example.com")}, nil)
	want := []model.Question{{Name: "db.example.com", Type: model.A}, {Name: "db.example.com", Type: model.AAAA}}
	if diff := cmp.Diff(want, d.Questions); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
	if d.Targets[1].Reason != failover.ReasonStandby || d.Targets[1].Active {
		t.Errorf("the second tier is %+v, want a standby", d.Targets[1])
	}
}

func TestDecideEndpointPorts(t *testing.T) {
	d := decide(model.Headless, []model.Target{fixed("primary", 0, "10.0.1.25")}, nil)
	want := []model.Endpoint{{
		Addr: addrs("10.0.1.25")[0], Hostname: "primary", Target: "primary", Ready: true,
		Ports: []model.EndpointPort{{Name: "pg", Protocol: model.TCP, Port: 6432}},
	}}
	if diff := cmp.Diff(want, d.Endpoints, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
}

// A plain headless Service has no names for its targets.
func TestDecideUnnamedTarget(t *testing.T) {
	unnamed := fixed("external", 0, "10.0.1.25")
	unnamed.Unnamed = true
	d := decide(model.Headless, []model.Target{unnamed}, nil)
	if len(d.Endpoints) != 1 || d.Endpoints[0].Hostname != "" || d.Endpoints[0].Target != "external" {
		t.Errorf("endpoints %+v, want one of target external without a hostname", d.Endpoints)
	}
}

func TestDecideSRV(t *testing.T) {
	srv := model.Observation{Class: model.Answered, At: now, Hosts: []model.Host{
		{Name: "late.example.com", Port: 1, Priority: 20},
		{Name: "b.example.com", Port: 7001, Priority: 10},
		{Name: "a.example.com", Port: 7000, Priority: 10},
	}}
	k := known{
		"_pg._tcp.example.com SRV": {Good: srv, Last: srv},
		"a.example.com A":          records(0, "10.0.1.25"),
		"b.example.com A":          records(0, "10.0.1.26"),
	}
	d := decide(model.ClusterIP, []model.Target{{Name: "srv", SRV: "_pg._tcp.example.com"}}, k)
	got := map[string]uint16{}
	for _, e := range d.Endpoints {
		got[e.Addr.String()] = e.Ports[0].Port
	}
	if diff := cmp.Diff(map[string]uint16{"10.0.1.25": 7000, "10.0.1.26": 7001}, got); diff != "" {
		t.Errorf("endpoints of the lowest SRV priority, at their own ports (-want +got):\n%s", diff)
	}
	if len(d.Questions) != 5 {
		t.Errorf("questions are %v, want the SRV name and both families of two hosts", d.Questions)
	}
}

func TestDecideExternalName(t *testing.T) {
	name := "Primary-DB.example.com"
	t.Run("pending", func(t *testing.T) {
		d := decide(model.ExternalName, []model.Target{host("x", 0, name)}, nil)
		if d.External == nil || d.External.Name != name || d.External.A.Known {
			t.Errorf("External is %+v, want %s with nothing known", d.External, name)
		}
	})
	t.Run("resolved, then failing, keeps its addresses", func(t *testing.T) {
		k := known{"primary-db.example.com A": records(time.Hour, "10.0.1.25")}.then("primary-db.example.com A", model.Timeout, 0)
		d := decide(model.ExternalName, []model.Target{host("x", 0, name)}, k)
		if ready, _ := d.Condition(model.Ready); !ready.Status || len(d.External.A.Addrs) != 1 {
			t.Errorf("Ready is %+v and the addresses %v, want the last good ones", ready, d.External.A.Addrs)
		}
	})
	t.Run("does not exist", func(t *testing.T) {
		k := known{}.then("primary-db.example.com A", model.NotFound, 0).then("primary-db.example.com AAAA", model.NotFound, 0)
		d := decide(model.ExternalName, []model.Target{host("x", 0, name)}, k)
		if ready, _ := d.Condition(model.Ready); ready.Status || ready.Reason != failover.ReasonNotFound || !d.External.A.Known {
			t.Errorf("Ready is %+v, known %v; want NameNotFound, known", ready, d.External.A.Known)
		}
	})
	t.Run("a name of the cluster domain is not asked outside", func(t *testing.T) {
		d := decide(model.ExternalName, []model.Target{host("x", 0, "other.reporting.svc.cluster.local")}, nil)
		if len(d.Questions) != 0 {
			t.Errorf("questions are %v, want none", d.Questions)
		}
	})
}
