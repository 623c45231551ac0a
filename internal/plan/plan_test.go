package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// db is a service as an instance tells of it: two endpoints at the primary, one at
// the standby, all up, probed every 5 s.
func db(edits ...func(*wire.Published)) wire.Published {
	check := func(at string, since time.Duration) wire.Check {
		return wire.Check{Address: netip.MustParseAddrPort(at), Verdict: wire.Up, Since: now().Add(-since)}
	}
	ip := netip.MustParseAddr
	port := []wire.EndpointPort{{Protocol: "TCP", Port: 5432}}
	p := wire.Published{
		Service: wire.Service{
			Namespace: "reporting", Name: "db", Type: "ClusterIP", Ports: []wire.Port{{Protocol: "TCP", Port: 5432, TargetPort: 5432}},
			Origin: wire.Origin{Kind: "ExternalService", File: "reporting.yaml", Line: 3},
			Targets: []wire.Target{
				{Name: "primary", Hostname: "primary.example.com"},
				{Name: "standby", Priority: 1, Addresses: []netip.Addr{ip("10.0.2.1")}},
			},
			Probe: &wire.Probe{
				Kind: "tcp", Interval: wire.Duration(5 * time.Second), Timeout: wire.Duration(time.Second), FailureThreshold: 3, SuccessThreshold: 2,
			},
			Failover: wire.Failover{Failback: "Automatic", FailbackDelay: wire.Duration(time.Minute), WhenAllDown: "KeepLast", MinimumReady: 1},
		},
		Decision: wire.Decision{
			Active: []string{"primary"}, ActiveSince: now().Add(-time.Hour),
			Endpoints: []wire.Endpoint{
				{IP: ip("10.0.1.1"), Target: "primary", Ready: true, Ports: port}, {IP: ip("10.0.1.2"), Target: "primary", Ready: true, Ports: port},
			},
			Targets: []wire.TargetStatus{
				{
					Name: "primary", Active: true, Where: "primary.example.com", Addresses: []netip.Addr{ip("10.0.1.1"), ip("10.0.1.2")},
					Reason: "Resolved", Message: "primary.example.com is resolved", ResolvedAt: now(),
					Checks: []wire.Check{check("10.0.1.1:5432", time.Hour), check("10.0.1.2:5432", time.Hour)},
				},
				{
					Name: "standby", Priority: 1, Where: "10.0.2.1", Addresses: []netip.Addr{ip("10.0.2.1")}, Reason: "Standby",
					Checks: []wire.Check{check("10.0.2.1:5432", time.Hour)},
				},
			},
		},
	}
	for _, edit := range edits {
		edit(&p)
	}
	return p
}

func instance(all ...wire.Published) *World {
	return NewWorld(wire.Status{
		Domain: "cluster.local", Services: all,
		Info: wire.Info{Paths: []string{"."}, ServiceCIDRs: []string{"127.96.0.0/16"}},
	}, now())
}

// told is a plan in short: a line for each step, with what is not ready behind a
// stroke, then notes.
func told(p Plan) string {
	var lines []string
	for _, s := range p.Steps {
		ready := strings.Join(s.Ready, " ")
		if s.External != "" {
			ready = s.External
		}
		line := fmt.Sprintf("%s +%s %s(%d): %s / %s: %s", s.Phase, s.After, strings.Join(s.Active, ","), s.Priority, ready, strings.Join(s.NotReady, " "), s.Reason)
		lines = append(lines, strings.TrimSpace(strings.ReplaceAll(line, "  ", " ")))
	}
	for _, n := range p.Notes {
		lines = append(lines, "note: "+n)
	}
	return strings.Join(lines, "\n")
}

const (
	atHome   = "Now +0s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : ProbesPass\n"
	after    = "note: it is taken down after 3 failures in a row, 5s apart; each takes up to 1s more where there is no answer at all\n"
	openStay = "note: connections that are open stay where they are; new ones move"
)

func TestLose(t *testing.T) {
	for _, test := range []struct {
		name string
		lose []string
		edit func(*wire.Published)
		want string
	}{
		{"the primary", []string{"primary"}, nil, atHome +
			"Then +15s standby(1): 10.0.2.1:5432 / : TierDown\n" +
			"Back +1m10s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : Failback\n" + after + openStay},
		{"one address of it", []string{"10.0.1.1"}, nil, atHome +
			"Then +15s primary(0): 10.0.1.2:5432 / 10.0.1.1:5432: ProbesPass\n" +
			"Back +10s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : ProbesPass\n" + after + openStay},
		{"both of them, one with its port", []string{"10.0.1.1:5432", "10.0.1.2"}, nil, atHome +
			"Then +15s standby(1): 10.0.2.1:5432 / : TierDown\n" +
			"Back +1m10s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : Failback\n" + after + openStay},
		{"one too many", []string{"10.0.1.1"}, func(p *wire.Published) { p.Service.Failover.MinimumReady = 2 }, atHome +
			"Then +15s primary(0): 10.0.1.2:5432 / 10.0.1.1:5432: ProbesPass\n" + // the standby has no two either
			"Back +10s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : ProbesPass\n" + after + openStay},
		{"the standby", []string{"standby"}, nil, atHome + after + "note: nothing changes"},
		{"everything", []string{"primary", "standby"}, nil, atHome + after + "note: nothing changes"},
		{"everything, and it is withdrawn", []string{"primary", "standby"}, func(p *wire.Published) { p.Service.Failover.WhenAllDown = "Withdraw" }, atHome +
			"Then +15s primary(0): / 10.0.1.1:5432 10.0.1.2:5432: AllEndpointsDown\n" +
			"Back +10s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : ProbesPass\n" + after + openStay},
		{"and it stays there", []string{"primary"}, func(p *wire.Published) { p.Service.Failover.Failback = "Manual" }, atHome +
			"Then +15s standby(1): 10.0.2.1:5432 / : TierDown\n" + after + "note: failback is Manual: fairlead switch moves it back\n" + openStay},
		{"the standby is down already", []string{"primary"}, func(p *wire.Published) {
			p.Decision.Targets[1].Checks[0].Verdict = wire.Down
		}, atHome + after + "note: nothing changes"},
		{
			"without a probe",
			[]string{"primary"},
			func(p *wire.Published) { p.Service.Probe, p.Service.Targets = nil, p.Service.Targets[:1] },
			"Now +0s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : EndpointsReady\n" +
				"note: its endpoints are not probed: nothing moves, and connections to what is lost fail. With a probe in the spec it would fail over",
		},
		{"while it is pinned", []string{"primary"}, func(p *wire.Published) {
			p.Service.Pin, p.Decision.Pinned = &wire.Pin{Target: "primary"}, "primary"
		}, atHome + after + "note: nothing changes"},
		{"a name", []string{"primary"}, func(p *wire.Published) {
			p.Service.Type, p.Decision.Endpoints = "ExternalName", nil
			p.Service.Targets[1].Addresses, p.Service.Targets[1].Hostname = nil, "standby.example.com"
			p.Decision.External = &wire.External{Name: "primary.example.com"}
		}, "Now +0s primary(0): primary.example.com / : ProbesPass\n" +
			"Then +15s standby(1): standby.example.com / : TierDown\n" +
			"Back +1m10s primary(0): primary.example.com / : Failback\n" + after +
			"note: connections that are open stay where they are; clients that look the name up anew move"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := db()
			if test.edit != nil {
				test.edit(&p)
			}
			got, err := instance(p).Lose(p, test.lose, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, told(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSwitch(t *testing.T) {
	pinned := func(p *wire.Published) {
		p.Service.Pin, p.Decision.Pinned = &wire.Pin{Target: "standby"}, "standby"
		p.Decision.Active, p.Decision.Priority = []string{"standby"}, 1
		p.Decision.Endpoints = []wire.Endpoint{{IP: netip.MustParseAddr("10.0.2.1"), Target: "standby", Ready: true, Ports: []wire.EndpointPort{{Protocol: "TCP", Port: 5432}}}}
		p.Decision.Targets[0].Active, p.Decision.Targets[1].Active = false, true
	}
	const away = "Now +0s standby(1): 10.0.2.1:5432 / : ProbesPass\n"
	for _, test := range []struct {
		name, target string
		edit         func(*wire.Published)
		want         string
	}{
		{"to the standby", "standby", nil, atHome + "Then +0s standby(1): 10.0.2.1:5432 / : Pinned\n" + openStay},
		{"to where it is", "primary", nil, atHome + "note: what is published stays as it is"},
		{"let go", "", pinned, away + "Then +0s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : Unpinned\n" + openStay},
		{"let go, and it is not long enough up", "", func(p *wire.Published) {
			pinned(p)
			for i := range p.Decision.Targets[0].Checks {
				p.Decision.Targets[0].Checks[i].Since = now().Add(-20 * time.Second)
			}
		}, away + "Then +40s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : Failback\n" + openStay},
		{"let go, and it stays", "", func(p *wire.Published) { pinned(p); p.Service.Failover.Failback = "Manual" }, away + "note: what is published stays as it is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := db()
			if test.edit != nil {
				test.edit(&p)
			}
			got, err := instance(p).Switch(p, test.target, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, told(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	near := func(word string, _ []string) string { return map[string]string{"stanby": "standby"}[word] }
	w := instance(db())
	for word, want := range map[string]string{
		"stanby": `reporting/db has no target "stanby": did you mean standby?`, "other": `reporting/db has no target "other"; there are primary, standby`,
	} {
		if _, err := w.Switch(db(), word, near); err == nil || err.Error() != want {
			t.Errorf("switch: error %v, want %s", err, want)
		}
		if _, err := w.Lose(db(), []string{"primary", word}, near); err == nil || err.Error() != want {
			t.Errorf("lose: error %v, want %s", err, want)
		}
	}
	if _, err := w.Lose(db(), []string{"10.9.9.9"}, near); err == nil || err.Error() != "no target of reporting/db has the address 10.9.9.9 now" {
		t.Errorf("error %v", err)
	}
}

func TestApply(t *testing.T) {
	running := []wire.Published{db(), db(func(p *wire.Published) { p.Service.Name = "same" }), db(func(p *wire.Published) { p.Service.Name = "gone" })}
	w := instance(running...)
	wanted := func(name string, edit func(*model.Service)) model.Service {
		s := service(db().Service)
		s.Key.Name = name
		if edit != nil {
			edit(&s)
		}
		return s
	}
	for _, test := range []struct {
		name    string
		edit    func(*model.Service)
		as      string
		changes []Change
		want    string
	}{
		{
			"another port", func(s *model.Service) { s.Ports = append(s.Ports[:0:0], s.Ports...); s.Ports[0].TargetPort = 6432 }, "db",
			[]Change{{"ports[5432].targetPort", "5432", "6432"}},
			atHome + "Then +0s primary(0): 10.0.1.1:6432 10.0.1.2:6432 / : NotProbedYet\n" + openStay,
		},
		{
			"the tiers the other way round", func(s *model.Service) { s.Targets[0].Priority = 2 }, "db",
			[]Change{{"targets[primary].priority", "0", "2"}},
			atHome + "Then +0s standby(1): 10.0.2.1:5432 / : Failback\n" + openStay,
		},
		{
			"a target more, one less, and no probe", func(s *model.Service) {
				s.Targets = append(s.Targets[:1:1], s.Targets[1])
				s.Targets[1].Name, s.Targets[1].Priority, s.Targets[1].Hostname, s.Targets[1].Addresses = "spare", 0, "spare.example.com", nil
				s.Probe = nil
			}, "db",
			[]Change{
				{"probe", "failureThreshold 3, interval 5s, kind tcp, successThreshold 2, timeout 1s", ""},
				{"targets[spare]", "", "hostname spare.example.com, priority 0"},
				{"targets[standby]", "addresses 10.0.2.1, priority 1", ""},
			},
			strings.Replace(atHome, "ProbesPass", "ProbesPass", 1) + "Then +0s primary,spare(0): 10.0.1.1:5432 10.0.1.2:5432 / : EndpointsReady\n" +
				"note: the instance does not know spare.example.com: it is looked up once the manifest is applied\n" + openStay,
		},
		{
			"new", nil, "fresh",
			[]Change{{"service", "", "new, of type ClusterIP"}},
			"Then +0s primary(0): 10.0.1.1:5432 10.0.1.2:5432 / : NotProbedYet",
		},
		{
			"new, of a name that nobody knows", func(s *model.Service) { s.Targets[0].Hostname = "new.example.com" }, "fresh",
			[]Change{{"service", "", "new, of type ClusterIP"}},
			"Then +0s primary(0): / : Pending\nnote: the instance does not know new.example.com: it is looked up once the manifest is applied",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := w.Apply([]model.Service{wanted(test.as, test.edit), wanted("same", nil)}, func(string) bool { return false })
			if got.Unchanged != 1 || len(got.Plans) != 1 {
				t.Fatalf("%d unchanged and %d plans, want 1 of each", got.Unchanged, len(got.Plans))
			}
			if diff := cmp.Diff(test.changes, got.Plans[0].Changes); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, told(got.Plans[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	got := w.Apply([]model.Service{wanted("db", nil), wanted("same", nil)}, func(file string) bool { return file == "reporting.yaml" })
	if got.Unchanged != 2 || len(got.Plans) != 1 || got.Plans[0].Name != "gone" || told(got.Plans[0]) != atHome+"Then +0s (0): / : Withdrawn" {
		t.Errorf("of one that is left out it says %+v", got)
	}
	if !slices.Equal(got.Plans[0].Changes, []Change{{"service", "in reporting.yaml", ""}}) {
		t.Errorf("changes %v", got.Plans[0].Changes)
	}
}
