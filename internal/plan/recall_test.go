package plan

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// outside is the world of a property: names with their records, and endpoints with
// their health.
type outside struct {
	addrs  map[string][]netip.Addr
	hosts  map[string][]model.Host
	health map[netip.AddrPort]model.Health
}

func (o *outside) answer(q model.Question) (model.Answer, bool) {
	good := model.Observation{Question: q, At: now().Add(-time.Minute), Class: model.Answered}
	if q.Type == model.SRV {
		good.Hosts = o.hosts[q.Name]
	}
	for _, a := range o.addrs[q.Name] {
		if a.Is4() == (q.Type == model.A) {
			good.Addrs = append(good.Addrs, a)
		}
	}
	if len(good.Hosts)+len(good.Addrs) == 0 {
		return model.Answer{Last: model.Observation{Question: q, At: now(), Class: model.Empty}}, true
	}
	return model.Answer{Good: good, Last: good}, true
}

func drawService(t *rapid.T, o *outside) model.Service {
	s := model.Service{
		Key: model.Key{Namespace: "n", Name: "db"}, Type: rapid.SampledFrom([]model.ServiceType{model.ClusterIP, model.Headless, model.ExternalName}).Draw(t, "type"),
		Ports: []model.Port{{Protocol: model.TCP, Port: 5432, TargetPort: 6432}}, Resolution: model.DefaultResolution(),
		Failover: model.Failover{
			ManualFailback: rapid.Bool().Draw(t, "manual"), FailbackDelay: time.Minute, Withdraw: rapid.Bool().Draw(t, "withdraw"),
			MinimumReady: rapid.IntRange(1, 2).Draw(t, "minimum"),
		},
	}
	if rapid.IntRange(0, 4).Draw(t, "probed") > 0 {
		s.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 5 * time.Second, Timeout: time.Second, FailureThreshold: 3, SuccessThreshold: 2}
		if rapid.IntRange(0, 3).Draw(t, "role") == 0 {
			s.Probe.Role = model.RolePrimary
		}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "targets") {
		var addrs []netip.Addr
		for j := range rapid.IntRange(1, 3).Draw(t, "addresses") {
			addrs = append(addrs, netip.AddrFrom4([4]byte{10, 0, byte(i), byte(j + 1)}))
		}
		name := fmt.Sprintf("t%d.example.com", i)
		target := model.Target{Name: string(rune('a' + i)), Priority: rapid.IntRange(0, 2).Draw(t, "priority")}
		kind := rapid.SampledFrom([]string{"fixed", "host", "srv"}).Draw(t, "kind")
		if s.Type == model.ExternalName {
			kind = "host"
		}
		port := uint16(6432)
		switch kind {
		case "fixed":
			target.Addresses = addrs
		case "host":
			target.Hostname = name
			o.addrs[name] = addrs
		case "srv":
			target.SRV, port = name, 7000
			for j, a := range addrs {
				host := fmt.Sprintf("h%d.%s", j, name)
				o.addrs[host] = []netip.Addr{a}
				o.hosts[name] = append(o.hosts[name], model.Host{Name: host, Port: port})
			}
		}
		for _, a := range addrs {
			since := now().Add(-time.Duration(rapid.IntRange(1, 200).Draw(t, "since")) * time.Second)
			h := model.Health{Since: since}
			switch rapid.SampledFrom([]model.Verdict{model.Up, model.Up, model.Down, model.Unjudged}).Draw(t, "verdict") {
			case model.Up:
				h.Verdict, h.SuccessAt = model.Up, now()
			case model.Down:
				h.Verdict, h.FailingSince, h.Reason, h.Detail = model.Down, since, model.ProbeTimeout, a.String()+" does not answer"
			}
			o.health[netip.AddrPortFrom(a, port)] = h
		}
		s.Targets = append(s.Targets, target)
	}
	if rapid.IntRange(0, 4).Draw(t, "pinned") == 0 {
		s.Pin = &model.Pin{Target: "b"}
	}
	return s
}

// TestRecallProperty: what is decided from what an instance says in public is what
// the instance has decided, whatever it went through.
func TestRecallProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &outside{addrs: map[string][]netip.Addr{}, hosts: map[string][]model.Host{}, health: map[netip.AddrPort]model.Health{}}
		s := drawService(t, o)
		in := failover.Input{
			Service: s, Answer: o.answer, Now: now().Add(-time.Hour),
			Health: func(c model.Check) model.Health { return o.health[c.Addr] },
		}
		if rapid.Bool().Draw(t, "another life") { // in which others were up
			swapped := map[netip.AddrPort]model.Health{}
			for at, h := range o.health {
				h.Verdict = rapid.SampledFrom([]model.Verdict{model.Up, model.Down}).Draw(t, "before")
				h.SuccessAt, h.FailingSince = in.Now, in.Now.Add(-time.Minute)
				swapped[at] = h
			}
			in.Health = func(c model.Check) model.Health { return swapped[c.Addr] }
			in.State = failover.Decide(in).State
			in.Health = func(c model.Check) model.Health { return o.health[c.Addr] }
		}
		var d model.Decision
		for _, ago := range []time.Duration{10 * time.Minute, time.Minute, 0} {
			in.Now = now().Add(-ago)
			d = failover.Decide(in)
			in.State = d.State
		}
		p := wire.FromPublished("cluster.local", &model.Published{Service: s, Decision: d})
		w := NewWorld(wire.Status{Domain: "cluster.local", Services: []wire.Published{p}, Info: wire.Info{Paths: []string{"x"}}}, now())
		got := failover.Decide(w.recall(p).in)
		same := cmp.Options{cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmpopts.EquateEmpty()}
		if diff := cmp.Diff(d.Endpoints, got.Endpoints, same); diff != "" {
			t.Fatalf("endpoints (-decided +recalled):\n%s", diff)
		}
		if d.Priority != got.Priority || !slices.Equal(d.Active, got.Active) || d.State.Pinned != got.State.Pinned || len(got.History) > 0 {
			t.Fatalf("decided %v of %d, recalled %v of %d; pinned %q and %q", d.Active, d.Priority, got.Active, got.Priority, d.State.Pinned, got.State.Pinned)
		}
		if (d.External == nil) != (got.External == nil) || d.External != nil && d.External.Name != got.External.Name {
			t.Fatalf("decided the name %v, recalled %v", d.External, got.External)
		}
		for _, typ := range []model.ConditionType{model.Ready, model.Healthy} {
			a, _ := d.Condition(typ)
			b, _ := got.Condition(typ)
			if a.Status != b.Status || a.Reason != b.Reason {
				t.Fatalf("%s: decided %v %s, recalled %v %s (%s)", typ, a.Status, a.Reason, b.Status, b.Reason, b.Message)
			}
		}
	})
}

// TestServiceIsItsPublicForm: nothing that is public is lost on the way back.
func TestServiceIsItsPublicForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &outside{addrs: map[string][]netip.Addr{}, hosts: map[string][]model.Host{}, health: map[netip.AddrPort]model.Health{}}
		s := drawService(t, o)
		s.Origin = model.Origin{Kind: "ExternalService", File: "a.yaml", Line: 3}
		s.SessionAffinity, s.PublishNotReady = time.Hour, true
		s.Refusal = &model.Refusal{Reason: "Invalid", Message: "no"}
		s.Targets[0].Service = &model.Key{Namespace: "a", Name: "b"}
		s.Targets[0].Endpoints = []model.Endpoint{{Addr: netip.MustParseAddr("10.0.0.1"), Ready: true, Ports: []model.EndpointPort{{Protocol: model.TCP, Port: 1}}}}
		got := service(wire.FromPublished("d", &model.Published{Service: s}).Service)
		if diff := cmp.Diff(s, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Fatalf("(-before +after):\n%s", diff)
		}
	})
}
