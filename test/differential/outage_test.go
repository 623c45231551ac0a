//go:build linux

package differential

import (
	"testing"

	"github.com/miekg/dns"
)

// outage asks about names that lead outside while the outside does not answer,
// and once more when it is back.
func (w *world) outage(t *testing.T) {
	q := &questions{seen: map[string]bool{}}
	for _, name := range []string{
		"analytics-db.reporting.svc." + zone, "webscaler-manual.default.svc." + zone, "chain.external.svc." + zone, "to-external.external.svc." + zone,
		"missing.external.svc." + zone, "no-address.external.svc." + zone, "legacy-metrics-db.reporting.svc." + zone,
		"db.example.com.", "25.1.0.10.in-addr.arpa.",
	} {
		q.ask("outage", name, dns.TypeA, dns.TypeAAAA, dns.TypeCNAME)
	}
	w.outside.kill()
	w.compare(t, q.list)
	w.outside.begin(t)
	w.compare(t, q.list)
}
