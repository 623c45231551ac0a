package render

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/yamlout"
)

// probed is a service that has failed over, with a pin.
func probed(at time.Time) *model.Published {
	addr := netip.MustParseAddr
	check := func(ip string, v model.Verdict, reason, message string) model.CheckStatus {
		return model.CheckStatus{Addr: netip.AddrPortFrom(addr(ip), 5432), Verdict: v, Reason: reason, Message: message}
	}
	return &model.Published{
		Service: model.Service{
			Type: model.ClusterIP, Origin: model.Origin{Generation: 3},
			Targets: []model.Target{{Name: "primary"}, {Name: "standby", Priority: 1}, {Name: "far", Priority: 2}},
			Pin:     &model.Pin{Target: "standby", By: "maria", Reason: "its disk is replaced", At: at.Add(-time.Minute)},
		},
		Decision: model.Decision{
			Active: []string{"standby"}, Priority: 1, ActiveSince: at.Add(-time.Hour),
			State: model.State{Pinned: "standby"},
			Endpoints: []model.Endpoint{
				{Addr: addr("10.0.2.1"), Target: "standby", Ready: true},
				{Addr: addr("10.0.2.2"), Target: "standby"},
				{Addr: addr("10.0.2.3"), Target: "standby", Ready: true},
				{Addr: addr("10.0.2.4"), Target: "standby"},
			},
			Targets: []model.TargetStatus{
				{
					Name: "primary", Addresses: []netip.Addr{addr("10.0.1.1"), addr("10.0.1.2")}, Reason: "TargetDown", Message: "refused",
					Checks: []model.CheckStatus{
						check("10.0.1.1", model.Down, "ConnectionRefused", "10.0.1.1:5432 refuses connections"),
						check("10.0.1.2", model.Up, "", ""),
					},
				},
				{
					Name: "standby", Priority: 1, Active: true, Addresses: []netip.Addr{addr("10.0.2.1"), addr("10.0.2.2"), addr("10.0.2.3"), addr("10.0.2.4")},
					Checks: []model.CheckStatus{
						check("10.0.2.1", model.Up, "", "its certificate expires on 2026-12-01"),
						check("10.0.2.2", model.Down, "Timeout", "no answer"),
						check("10.0.2.3", model.Down, "NotPrimary", "kept, since all are down"),
						check("10.0.2.4", model.Up, "", ""),
						{Addr: netip.MustParseAddrPort("10.0.2.4:5433"), Verdict: model.Down, Reason: "ConnectionReset", Message: "the other port"},
					},
				},
				{
					Name: "far", Priority: 2, Addresses: []netip.Addr{addr("10.0.3.1"), addr("10.0.3.2")},
					Checks: []model.CheckStatus{check("10.0.3.1", model.Unjudged, "", "")},
				},
			},
			History: []model.Transition{
				{At: at.Add(-time.Minute), From: []string{"primary"}, To: []string{"standby"}, ToPriority: 1, Reason: "TierDown", Message: "primary is down", Took: 612345678},
				{At: at.Add(-time.Hour), To: []string{"primary"}, Reason: "Started", Message: "it is the best tier"},
			},
		},
	}
}

func TestStatusOfProbes(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)
	status := Status(probed(at), &v1alpha1.ExternalServiceStatus{}, at)
	got, err := yamlout.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/status.yaml"
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}

	// What is read back is what would be written again.
	text, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	var stored v1alpha1.ExternalServiceStatus
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	later := at.Add(time.Hour)
	if next := Status(probed(at), &stored, later); !equality.Semantic.DeepEqual(next, stored) {
		t.Errorf("at rest something is written (-stored +next):\n%s", cmp.Diff(stored, next))
	}
}

// A pin that is not followed is not told as if it were.
func TestStatusOfAPinNotFollowed(t *testing.T) {
	p := probed(time.Now())
	p.Decision.State.Pinned = ""
	if a := Status(p, &v1alpha1.ExternalServiceStatus{}, time.Now()).Active; a.Pinned != nil || a.Summary != "standby" {
		t.Errorf("the tier is %+v", a)
	}
}

// However much there is to say, it fits into an object of the API server.
func TestStatusFits(t *testing.T) {
	p := &model.Published{Service: model.Service{Type: model.ClusterIP}}
	for target := range 8 {
		s := model.TargetStatus{Name: fmt.Sprint(target), Message: strings.Repeat("m", 1<<20)}
		for i := range 2000 {
			a := netip.AddrFrom16([16]byte{0xfd, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, byte(target), byte(i >> 8), byte(i)})
			s.Addresses = append(s.Addresses, a)
			s.Checks = append(s.Checks, model.CheckStatus{Addr: netip.AddrPortFrom(a, 5432), Verdict: model.Down, Reason: "AuthenticationFailed", Message: strings.Repeat("é", 40000)})
		}
		p.Decision.Targets = append(p.Decision.Targets, s)
	}
	for range 20 {
		p.Decision.History = append(p.Decision.History, model.Transition{To: []string{"0"}, Message: strings.Repeat("m", 1<<20)})
	}
	s := Status(p, &v1alpha1.ExternalServiceStatus{}, time.Now())
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const etcd = 1 << 20 // of 1.5 MiB; the spec has its share
	if len(text) > etcd || len(s.History) != model.MaxHistory {
		t.Errorf("%d bytes, want at most %d; %d moves", len(text), etcd, len(s.History))
	}
	if s.Targets[0].Addresses[0].Message == "" || s.Targets[3].Addresses[1023].Reason == "" {
		t.Error("the first address has no message, or the last one no reason")
	}
}

// TestStatusAfterARestart: until its probes have ended a process that starts anew says
// what the one before said, and then what it knows.
func TestStatusAfterARestart(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	before := probed(at)
	before.Service.Probe = &model.Probe{}
	before.Decision.Conditions = []model.Condition{
		{Type: model.Accepted, Status: true, Reason: "Accepted"},
		{Type: model.Healthy, Status: true, Reason: "ProbesPass", Message: "2 of 4", Since: at},
		{Type: model.Ready, Reason: "AllEndpointsDown", Message: "all are down", Since: at},
	}
	said := Status(before, &v1alpha1.ExternalServiceStatus{}, at)

	anew := func() *model.Published {
		p := probed(at)
		p.Service.Probe = &model.Probe{}
		p.Decision.Conditions = []model.Condition{
			{Type: model.Accepted, Status: true, Reason: "Accepted"},
			{Type: model.Healthy, Reason: "NotProbedYet", Message: "the first probes are under way", Since: at.Add(time.Hour)},
			{Type: model.Ready, Status: true, Reason: "EndpointsReady", Message: "2 of 4 endpoints are ready", Since: at.Add(time.Hour)},
		}
		for i := range p.Decision.Targets {
			target := &p.Decision.Targets[i]
			target.Reason, target.Message = "Standby", "it stands by"
			for j := range target.Checks {
				target.Checks[j] = model.CheckStatus{Addr: target.Checks[j].Addr}
			}
		}
		p.Decision.Targets[2].Reason, p.Decision.Targets[2].Message = "", "" // as before
		return p
	}
	p := anew()
	p.Decision.Targets[1].Reason, p.Decision.Targets[1].Message = "", ""
	if d := cmp.Diff(said, Status(p, &said, at.Add(time.Hour))); d != "" {
		t.Errorf("a restart is told (-before +after):\n%s", d)
	}
	for name, change := range map[string]func(*model.Published){
		"the spec is another one": func(p *model.Published) { p.Service.Origin.Generation++ },
		"another tier serves":     func(p *model.Published) { p.Decision.Active, p.Decision.Priority = []string{"far"}, 2 },
		"the probes have ended": func(p *model.Published) {
			p.Decision.Conditions[1] = model.Condition{Type: model.Healthy, Status: true, Reason: "ProbesPass"}
		},
	} {
		p := anew()
		change(p)
		s := Status(p, &said, at.Add(time.Hour))
		if ready := s.Conditions[2]; ready.Reason != "EndpointsReady" {
			t.Errorf("%s, and it still says %+v", name, ready)
		}
	}
	p = anew()
	p.Decision.Targets[0].Checks[0] = model.CheckStatus{Addr: p.Decision.Targets[0].Checks[0].Addr, Verdict: model.Up}
	primary := Status(p, &said, at.Add(time.Hour)).Targets[0]
	if a := primary.Addresses[0]; !a.Ready || a.Reason != "" || primary.Reason != "Standby" {
		t.Errorf("what a probe says is not told: %+v", primary)
	}
}
