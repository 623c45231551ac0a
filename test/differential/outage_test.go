//go:build linux

package differential

import (
	"testing"

	"github.com/miekg/dns"
)

// outageProbe marks the questions that are asked during the outage.
const outageProbe = "the outside is down"

// outage asks about names that lead outside while the outside does not answer,
// and once more when it is back.
func (w *world) outage(t *testing.T) {
	probes := func(about string) []*probe {
		q := &questions{seen: map[string]bool{}}
		for _, name := range []string{
			"analytics-db.reporting.svc." + zone, "webscaler-manual.default.svc." + zone, "chain.external.svc." + zone, "to-external.external.svc." + zone,
			"missing.external.svc." + zone, "no-address.external.svc." + zone, "legacy-metrics-db.reporting.svc." + zone,
			"db.example.com.", "25.1.0.10.in-addr.arpa.",
		} {
			q.ask(about, name, dns.TypeA, dns.TypeAAAA, dns.TypeCNAME)
		}
		return q.list
	}
	before := w.answers(probes("before"))
	w.outside.kill()
	w.compare(t, probes(outageProbe))
	for i, p := range probes(outageProbe) {
		got := ask(w.fairlead.dns, p)
		if below(p.question().Name, zone) && len(compare(before[i], got)) > 0 {
			t.Errorf("%s: the answer changed when the outside went down\nbefore: %s\nafter: %s", p, before[i].text(), got.text())
		}
	}
	w.outside.begin(w.t)
	w.compare(t, probes("the outside is back"))
}

// answers are Fairlead's replies.
func (w *world) answers(probes []*probe) []reply {
	var all []reply
	for _, p := range probes {
		all = append(all, ask(w.fairlead.dns, p))
	}
	return all
}
