package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairlead.dev/internal/model"
)

// succeeded is the result of a probe that did not fail.
const succeeded = "Succeeded"

// probeMetrics counts probes by kind. What is held of each endpoint stands in the
// snapshot.
type probeMetrics struct {
	probes     *prometheus.CounterVec
	took, late *prometheus.HistogramVec
	children   children[probeLabels, probeCounters]
}

// probeLabels are bounded: kinds and results that are not known are other.
type probeLabels struct{ kind, result string }

type probeCounters struct {
	probes     prometheus.Counter
	took, late prometheus.Observer
}

func newProbeMetrics() *probeMetrics {
	return &probeMetrics{
		probes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairlead_probes_total",
			Help: "Probes that have ended, by kind and result (Succeeded, or the reason of the failure).",
		}, []string{"kind", "result"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "fairlead_probe_duration_seconds",
			Help:    "How long probes took, those that failed included, by kind.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"kind"}),
		late: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "fairlead_probe_delay_seconds",
			Help:    "How much later than due probes began, by kind.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"kind"}),
	}
}

func (p *probeMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{p.probes, p.took, p.late}
}

// Probe counts one probe that has ended, and began so much later than it was due.
func (m *Metrics) Probe(kind model.ProbeKind, r model.Result, late time.Duration) {
	p := m.probes
	c := p.children.get(probeLabels{kindName(kind), resultName(r)}, func(l probeLabels) probeCounters {
		return probeCounters{p.probes.WithLabelValues(l.kind, l.result), p.took.WithLabelValues(l.kind), p.late.WithLabelValues(l.kind)}
	})
	c.probes.Inc()
	c.took.Observe(r.Took.Seconds())
	c.late.Observe(max(0, late).Seconds())
}

func kindName(k model.ProbeKind) string {
	switch k {
	case model.ProbeTCP, model.ProbeTLS, model.ProbeHTTP, model.ProbeGRPC,
		model.ProbePostgres, model.ProbeMySQL, model.ProbeRedis:
		return string(k)
	}
	return other
}

func resultName(r model.Result) string {
	if r.Up {
		return succeeded
	}
	switch r.Reason {
	case model.ProbeRefused, model.ProbeTimeout, model.ProbeUnreachable, model.ProbeReset,
		model.ProbeCertificate, model.ProbeHandshake, model.ProbeProtocol, model.ProbeStatus,
		model.ProbeNotServing, model.ProbeNotPrimary, model.ProbeNotReplica,
		model.ProbeAuthentication, model.ProbeCredentials, model.ProbeNotAsked:
		return r.Reason
	}
	return other
}
