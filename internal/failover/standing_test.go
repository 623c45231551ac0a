package failover_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// stood is what was published before, each "TARGET@ADDRESS:PORT", a "!" before
// those that are not ready.
func stood(all ...string) []model.Endpoint {
	var out []model.Endpoint
	for _, s := range all {
		s, down := strings.CutPrefix(s, "!")
		target, at, _ := strings.Cut(s, "@")
		a := netip.MustParseAddrPort(at)
		out = append(out, model.Endpoint{
			Addr: a.Addr(), Target: target, Hostname: "old", Ready: !down,
			Ports: []model.EndpointPort{{Name: "pg", Protocol: model.TCP, Port: a.Port()}},
		})
	}
	return out
}

// told is what is published, in the words of stood, with the hostname behind it
// where there is one.
func told(d model.Decision) []string {
	var out []string
	for _, e := range d.Endpoints {
		s := fmt.Sprintf("%s@%s", e.Target, netip.AddrPortFrom(e.Addr, e.Ports[0].Port))
		if !e.Ready {
			s = "!" + s
		}
		if e.Hostname != "" {
			s += " " + e.Hostname
		}
		out = append(out, s)
	}
	return out
}

// after is an input in which standing was taken ago.
func after(typ model.ServiceType, targets []model.Target, k known, standing []model.Endpoint, ago time.Duration) failover.Input {
	in := input(typ, targets, k)
	in.Standing, in.StandingSince = standing, now.Add(-ago)
	return in
}

// TestStanding is the table of what stays published before names are answered.
func TestStanding(t *testing.T) {
	db, other := "db.example.com", "other.example.com"
	srvName := "_pg._tcp.example.com"
	records := func(ips ...string) model.Answer { return records(0, ips...) }
	hosts := func(names ...string) model.Answer {
		o := model.Observation{Class: model.Answered, At: now}
		for i, n := range names {
			o.Hosts = append(o.Hosts, model.Host{Name: n, Port: uint16(7000 + i)})
		}
		return model.Answer{Good: o, Last: o}
	}
	one := []model.Target{host("a", 0, db)}
	two := []model.Target{host("a", 0, db), host("b", 0, other)}
	srv := []model.Target{{Name: "s", SRV: srvName}}
	rows := []struct {
		name     string
		typ      model.ServiceType // ClusterIP if empty
		targets  []model.Target
		known    known
		standing []string
		ago      time.Duration
		want     []string
		resolved string
		settled  bool
		next     time.Duration
	}{
		{
			name: "no answer yet", targets: one, standing: []string{"a@10.0.1.25:6432", "a@[fd00::1]:6432"},
			want: []string{"a@10.0.1.25:6432", "a@[fd00::1]:6432"}, resolved: "Pending",
		},
		{
			name: "readiness stays, ports are those of the spec, the target is the one that keeps it", targets: one,
			standing: []string{"!@10.0.1.25:5432", "gone@10.0.1.26:5432"},
			want:     []string{"!a@10.0.1.25:6432", "a@10.0.1.26:6432"}, resolved: "Pending",
		},
		{
			name: "headless: the hostname is the target's", typ: model.Headless, targets: one, standing: []string{"@10.0.1.25:6432"},
			want: []string{"a@10.0.1.25:6432 a"}, resolved: "Pending",
		},
		{
			name: "an answer takes their place", targets: one, standing: []string{"a@10.0.1.25:6432", "@10.0.1.26:6432"},
			known: known{db + " A": records("10.0.1.27")}.then(db+" AAAA", model.Empty, 0),
			want:  []string{"a@10.0.1.27:6432"}, resolved: "Resolved", settled: true,
		},
		{
			name: "each family by itself", targets: one, standing: []string{"a@10.0.1.25:6432", "a@[fd00::1]:6432"},
			known: known{db + " A": records("10.0.1.27")},
			want:  []string{"a@10.0.1.27:6432", "a@[fd00::1]:6432"}, resolved: "Pending",
		},
		{
			name: "an edit leads to a name of one family: the other is let go", targets: one, standing: []string{"a@10.0.1.25:6432", "a@[fd00::1]:6432"},
			known: known{db + " A": records("10.0.1.27")}.then(db+" AAAA", model.Empty, 0),
			want:  []string{"a@10.0.1.27:6432"}, resolved: "Resolved", settled: true, next: time.Minute,
		},
		{
			name: "also where its server fails for the other", targets: one, standing: []string{"a@10.0.1.25:6432", "a@[fd00::1]:6432"},
			known: known{db + " A": records("10.0.1.27")}.then(db+" AAAA", model.ServerFailure, 0),
			want:  []string{"a@10.0.1.27:6432"}, resolved: "LookupFailed", settled: true,
		},
		{
			name: "a failure, for ever", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: 1000 * time.Hour,
			known: known{}.then(db+" A", model.Timeout, 0).then(db+" AAAA", model.ServerFailure, 0),
			want:  []string{"a@10.0.1.25:6432"}, resolved: "LookupFailed",
		},
		{
			name: "NXDOMAIN waits its grace", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: time.Hour,
			known: known{}.then(db+" A", model.NotFound, 59*time.Second).then(db+" AAAA", model.NotFound, 59*time.Second),
			want:  []string{"a@10.0.1.25:6432"}, resolved: "Missing", next: time.Second,
		},
		{
			name: "NXDOMAIN is believed after it", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: time.Hour,
			known: known{}.then(db+" A", model.NotFound, time.Minute).then(db+" AAAA", model.NotFound, time.Minute),
			want:  nil, resolved: "NameNotFound", settled: true,
		},
		{
			name: "but not while the other family is looked up for the first time", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: time.Hour,
			known: known{}.then(db+" A", model.NotFound, time.Minute),
			want:  []string{"a@10.0.1.25:6432"}, resolved: "Missing",
		},
		{
			name: "nor after an answer of which nothing may be published", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: time.Hour,
			known: known{db + " A": records("127.96.3.4")},
			want:  []string{"a@10.0.1.25:6432"}, resolved: "AddressForbidden",
		},
		{
			name: "nor the one before it", targets: one, standing: []string{"a@[fd00::1]:6432"}, ago: time.Hour,
			known: known{}.then(db+" AAAA", model.Empty, time.Minute),
			want:  []string{"a@[fd00::1]:6432"}, resolved: "Missing",
		},
		{
			name: "a failure meanwhile keeps what stood", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: time.Hour,
			known: known{}.then(db+" A", model.Empty, 50*time.Second).then(db+" A", model.Timeout, 0).then(db+" AAAA", model.Timeout, 0),
			want:  []string{"a@10.0.1.25:6432"}, resolved: "LookupFailed", next: 10 * time.Second,
		},
		{
			name: "so it does for ever, where NXDOMAIN has not outlasted its grace", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: time.Hour,
			known: known{}.once(db+" A", model.Empty, 50*time.Minute).then(db+" A", model.Timeout, 0).then(db+" AAAA", model.Timeout, 0),
			want:  []string{"a@10.0.1.25:6432"}, resolved: "LookupFailed",
		},
		{
			name: "a failure after it brings nothing back", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: time.Hour,
			known: known{}.then(db+" A", model.NotFound, 2*time.Minute).then(db+" A", model.Timeout, 0).then(db+" AAAA", model.NotFound, 2*time.Minute),
			want:  nil, resolved: "LookupFailed", settled: true,
		},
		{
			name: "an edit to a name that others know to be gone has a grace of its own", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: 20 * time.Second,
			known: known{}.then(db+" A", model.NotFound, time.Hour).then(db+" AAAA", model.NotFound, time.Hour),
			want:  []string{"a@10.0.1.25:6432"}, resolved: "Missing", next: 40 * time.Second,
		},
		{
			name: "and so has one to a name whose last addresses were withdrawn", targets: one, standing: []string{"a@10.0.1.25:6432"}, ago: 20 * time.Second,
			known: known{db + " A": records("10.0.9.9")}.then(db+" A", model.NotFound, time.Hour).then(db+" AAAA", model.NotFound, time.Hour),
			want:  []string{"a@10.0.1.25:6432"}, resolved: "Missing", next: 40 * time.Second,
		},
		{
			name: "last good addresses count, whatever came since", targets: one, standing: []string{"a@10.0.1.25:6432"},
			known: known{db + " A": records("10.0.1.27")}.then(db+" A", model.Timeout, 0).then(db+" AAAA", model.Empty, 0),
			want:  []string{"a@10.0.1.27:6432"}, resolved: "LookupFailed", settled: true,
		},
		{
			name: "what a known name gives is nobody else's", targets: two, standing: []string{"@10.0.1.25:6432", "@[fd00::1]:6432", "@10.0.1.26:6432"},
			known: known{db + " A": records("10.0.1.25"), db + " AAAA": records("fd00::1")}.then(other+" AAAA", model.Empty, 0),
			want:  []string{"a@10.0.1.25:6432", "a@[fd00::1]:6432", "b@10.0.1.26:6432"}, resolved: "Pending",
		},
		{
			name: "each keeps its own", targets: two, standing: []string{"a@10.0.1.25:6432", "b@10.0.1.26:6432"},
			known: known{other + " A": records("10.0.1.27")}.then(other+" AAAA", model.Empty, 0),
			want:  []string{"a@10.0.1.25:6432", "b@10.0.1.27:6432"}, resolved: "Pending",
		},
		{
			name: "those of a tier that is no longer published stay until the new one is known", standing: []string{"a@10.0.1.25:6432"},
			targets: []model.Target{host("a", 1, db), host("b", 0, other)},
			want:    []string{"b@10.0.1.25:6432"}, resolved: "Pending",
		},
		{
			name: "fixed addresses need nothing from before", targets: []model.Target{fixed("a", 0, "10.0.1.27")}, standing: []string{"a@10.0.1.25:6432", "@10.0.1.26:6432"},
			want: []string{"a@10.0.1.27:6432"}, resolved: "Fixed", settled: true,
		},
		{
			name: "beside fixed addresses", targets: []model.Target{fixed("f", 0, "10.0.1.27"), host("a", 0, db)}, standing: []string{"@10.0.1.25:6432", "@10.0.1.27:6432"},
			want: []string{"f@10.0.1.27:6432", "a@10.0.1.25:6432"}, resolved: "Pending",
		},
		{
			name: "forbidden ones do not stand", targets: one, standing: []string{"a@127.96.3.4:6432"},
			want: nil, resolved: "Pending", settled: true,
		},
		{
			name: "SRV: all of them, where their record said", targets: srv, standing: []string{"s@10.0.1.25:7000", "@[fd00::1]:7001"},
			want: []string{"s@10.0.1.25:7000", "s@[fd00::1]:7001"}, resolved: "Pending",
		},
		{
			name: "SRV: its hosts are unknown", targets: srv, standing: []string{"@10.0.1.25:7000", "@10.0.1.26:7001"},
			known: known{srvName + " SRV": hosts(db, other), other + " A": records("10.0.1.27")}.then(other+" AAAA", model.Empty, 0).then(db+" AAAA", model.Empty, 0),
			want:  []string{"s@10.0.1.25:7000", "s@10.0.1.26:7001", "s@10.0.1.27:7001"}, resolved: "Pending",
		},
		{
			name: "SRV: its hosts are known", targets: srv, standing: []string{"@10.0.1.25:7000", "@10.0.1.26:7001"},
			known: known{srvName + " SRV": hosts(db), db + " A": records("10.0.1.25")}.then(db+" AAAA", model.Empty, 0),
			want:  []string{"s@10.0.1.25:7000"}, resolved: "Resolved", settled: true,
		},
		{
			name: "an ExternalName has none", typ: model.ExternalName, targets: one, standing: []string{"a@10.0.1.25:6432"},
			want: nil, resolved: "Pending", settled: true,
		},
		{
			name: "no target, no name to wait for", standing: []string{"a@10.0.1.25:6432"},
			want: nil, resolved: "Fixed", settled: true,
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if row.typ == "" {
				row.typ = model.ClusterIP
			}
			standing := stood(row.standing...)
			in := after(row.typ, row.targets, row.known, standing, row.ago)
			d := failover.Decide(in)
			if diff := cmp.Diff(row.want, told(d)); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
			resolved, _ := d.Condition(model.Resolvable)
			if resolved.Reason != row.resolved || d.Settled != row.settled {
				t.Errorf("Resolved is %+v and settled %v, want reason %s and %v", resolved, d.Settled, row.resolved, row.settled)
			}
			if stays := strings.Contains(resolved.Message, "the addresses from before stay"); stays == d.Settled {
				t.Errorf("the message is %q, and settled: %v", resolved.Message, d.Settled)
			}
			var next time.Duration
			if !d.Next.IsZero() {
				next = d.Next.Sub(now)
			}
			if next != row.next {
				t.Errorf("decided again in %s, want %s", next, row.next)
			}
			if diff := cmp.Diff(stood(row.standing...), standing, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("its input was written to:\n%s", diff)
			}
		})
	}
}

// TestStandingSRVOfOtherPorts: where a record said the port, it cannot be worked
// out for the ports of another spec.
func TestStandingSRVOfOtherPorts(t *testing.T) {
	in := after(model.ClusterIP, []model.Target{{Name: "s", SRV: "_pg._tcp.example.com"}}, nil, stood("s@10.0.1.25:7000"), 0)
	in.Service.Ports[0].Name = "postgres"
	if d := failover.Decide(in); len(d.Endpoints) != 0 || !d.Settled {
		t.Errorf("published: %v, settled: %v", told(d), d.Settled)
	}
	in = after(model.ClusterIP, []model.Target{{Name: "s", SRV: "_pg._tcp.example.com"}}, nil, nil, 0)
	in.Service.Ports = append(in.Service.Ports, model.Port{Name: "more", Protocol: model.UDP, Port: 1})
	in.Standing = []model.Endpoint{{Addr: addrs("10.0.1.25")[0], Ready: true, Ports: []model.EndpointPort{{Name: "more", Protocol: model.UDP, Port: 7000}, {Name: "pg", Protocol: model.TCP, Port: 7000}}}}
	d := failover.Decide(in)
	if len(d.Endpoints) != 1 || d.Endpoints[0].Ports[0].Name != "pg" || d.Endpoints[0].Ports[1].Name != "more" {
		t.Errorf("published: %+v, want the ports in the order of the spec", d.Endpoints)
	}
}

// TestStandingInvariants holds for whatever stood and whatever is known.
func TestStandingInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		targets, k := someTargets(t), anything(t)
		typ := rapid.SampledFrom([]model.ServiceType{model.ClusterIP, model.Headless}).Draw(t, "type")
		ago := time.Duration(rapid.IntRange(0, 200).Draw(t, "ago")) * time.Second
		pool := []string{"a@10.0.1.25:6432", "@10.0.1.30:6432", "b@[fd00::25]:6432", "x@[fd00::30]:1", "!a@10.0.1.31:6432", "@127.96.3.4:6432", "c@10.0.9.1:6432"}
		standing := stood(pool[:rapid.IntRange(0, len(pool)).Draw(t, "standing")]...)
		with, without := failover.Decide(after(typ, targets, k, standing, ago)), decide(typ, targets, k)

		published := func(d model.Decision, e model.Endpoint) bool {
			return slices.ContainsFunc(d.Endpoints, func(o model.Endpoint) bool { return o.Addr == e.Addr && o.Hostname == e.Hostname })
		}
		for _, e := range without.Endpoints {
			if !published(with, e) {
				t.Fatalf("%v is published, but not where something stood", e)
			}
		}
		for _, e := range with.Endpoints {
			before := slices.ContainsFunc(standing, func(s model.Endpoint) bool { return s.Addr == e.Addr })
			if !published(without, e) && (!before || with.Settled) {
				t.Fatalf("%v is published, standing before: %v, settled: %v", e, before, with.Settled)
			}
			if e.Addr == addrs("127.96.3.4")[0] {
				t.Fatal("a forbidden address is published")
			}
			if typ == model.Headless && e.Hostname != e.Target || typ == model.ClusterIP && e.Hostname != "" {
				t.Fatalf("the hostname of %v", e)
			}
		}
		if with.Settled && !cmp.Equal(told(with), told(without)) {
			t.Fatalf("settled, and published is %v, without anything before %v", told(with), told(without))
		}
		if !with.Next.IsZero() && !with.Next.After(now) {
			t.Fatalf("to be decided again at %s, which is past", with.Next)
		}
		if ready, _ := with.Condition(model.Ready); ready.Status != slices.ContainsFunc(with.Endpoints, func(e model.Endpoint) bool { return e.Ready }) {
			t.Fatalf("Ready is %+v with %v", ready, told(with))
		}
		if resolved, _ := with.Condition(model.Resolvable); resolved.Status && !with.Settled {
			t.Fatalf("Resolved is %+v, while what is published is from before", resolved)
		}
		nothingYet := func(q string) bool { _, ok := k[q]; return !ok }
		for _, target := range targets {
			if target.Hostname == "" || target.Priority != with.Priority || !nothingYet(target.Hostname+" A") {
				continue
			}
			for _, e := range standing {
				e.Hostname = ""
				if typ == model.Headless {
					e.Hostname = target.Name
				}
				if e.Target == target.Name && e.Addr.Is4() && !published(with, e) {
					t.Fatalf("%v stood and nothing is known, and it is not published: %v", e, told(with))
				}
			}
		}
		if again := failover.Decide(after(typ, targets, k, with.Endpoints, ago)); !with.Settled && !cmp.Equal(sortedCopy(told(again)), sortedCopy(told(with))) {
			t.Fatalf("an edit that changes nothing makes %v of %v", told(again), told(with))
		}
	})
}

func sortedCopy(s []string) []string { return slices.Sorted(slices.Values(s)) }
