package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// other stands for values that would make too many series.
const other = "other"

// dnsMetrics counts the questions that clients ask.
type dnsMetrics struct {
	queries  *prometheus.CounterVec
	took     *prometheus.HistogramVec
	children children[dnsKey, dnsChild]
}

// dnsKey holds bounded values only; proto and source are the DNS server's own
// words.
type dnsKey struct {
	proto, qtype, rcode, source string
}

type dnsChild struct {
	count prometheus.Counter
	took  prometheus.Observer
}

func newDNSMetrics() *dnsMetrics {
	return &dnsMetrics{
		queries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairlead_dns_queries_total",
			Help: "DNS queries answered, by protocol, record type, response code and where the answer came from.",
		}, []string{"proto", "qtype", "rcode", "source"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fairlead_dns_query_duration_seconds",
			Help: "Time from reading a DNS query to its answer, by where the answer came from.",
			Buckets: []float64{
				.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .005,
				.01, .025, .05, .1, .25, .5, 1, 2.5, 5,
			},
		}, []string{"source"}),
	}
}

func (d *dnsMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{d.queries, d.took}
}

// DNSQuery counts one answered query. Source says where the answer came from;
// the caller must use few words for it.
func (m *Metrics) DNSQuery(proto string, qtype uint16, rcode int, source string, took time.Duration) {
	k := dnsKey{proto: proto, qtype: qtypeName(qtype), rcode: rcodeName(rcode), source: source}
	c := m.dns.children.get(k, m.dns.child)
	c.count.Inc()
	c.took.Observe(took.Seconds())
}

func (d *dnsMetrics) child(k dnsKey) dnsChild {
	return dnsChild{
		count: d.queries.WithLabelValues(k.proto, k.qtype, k.rcode, k.source),
		took:  d.took.WithLabelValues(k.source),
	}
}

// qtypeName names the record types that people ask for (IANA DNS parameters).
func qtypeName(t uint16) string {
	switch t {
	case 1:
		return "A"
	case 2:
		return "NS"
	case 5:
		return "CNAME"
	case 6:
		return "SOA"
	case 12:
		return "PTR"
	case 15:
		return "MX"
	case 16:
		return "TXT"
	case 28:
		return "AAAA"
	case 33:
		return "SRV"
	case 64:
		return "SVCB"
	case 65:
		return "HTTPS"
	case 255:
		return "ANY"
	}
	return other
}

// rcodeName names the response codes of RFC 1035.
func rcodeName(c int) string {
	switch c {
	case 0:
		return "NOERROR"
	case 1:
		return "FORMERR"
	case 2:
		return "SERVFAIL"
	case 3:
		return "NXDOMAIN"
	case 4:
		return "NOTIMP"
	case 5:
		return "REFUSED"
	}
	return other
}
