package table

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// Whatever its type, a service whose lookups fail and whose last addresses stay
// is ready, and the table says what is amiss.
func TestDegradedOfEveryType(t *testing.T) {
	hostname, srv := model.Target{Name: "a", Hostname: "db.example.com"}, model.Target{Name: "a", SRV: "_pg._tcp.example.com"}
	fixed := model.Target{Name: "b", Addresses: []netip.Addr{netip.MustParseAddr("10.0.1.26")}}
	for name, s := range map[string]model.Service{
		"ClusterIP":    {Type: model.ClusterIP, Targets: []model.Target{hostname}},
		"by SRV":       {Type: model.ClusterIP, Targets: []model.Target{srv}},
		"one of two":   {Type: model.ClusterIP, Targets: []model.Target{fixed, hostname}},
		"Headless":     {Type: model.Headless, Targets: []model.Target{hostname}},
		"ExternalName": {Type: model.ExternalName, Targets: []model.Target{hostname}},
	} {
		s.Key = model.Key{Namespace: "reporting", Name: "db"}
		d := failover.Decide(failover.Input{Service: s, Now: now(), Answer: func(q model.Question) (model.Answer, bool) {
			good := model.Observation{Question: q, At: now().Add(-time.Hour), Class: model.Answered}
			switch q.Type {
			case model.A:
				good.Addrs = []netip.Addr{netip.MustParseAddr("10.0.1.25")}
			case model.SRV:
				good.Hosts = []model.Host{{Name: "db.example.com", Port: 5432}}
			}
			return model.Answer{Good: good, Last: model.Observation{Question: q, At: now(), Class: model.Timeout, Detail: "no answer"}}, true
		}})
		p := wire.FromPublished("cluster.local", &model.Published{Service: s, Decision: d})
		got := write(t, wire.Status{Services: []wire.Published{p}}, Options{Now: now()})
		if !strings.Contains(got, " True ") || !strings.Contains(got, ".example.com: no answer; the addresses of 2026-03-01T11:00:00Z stay\n") {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}
