package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairlead.dev/internal/model"
)

// lookupMetrics counts what Fairlead asks the outside DNS for its targets.
type lookupMetrics struct {
	lookups *prometheus.CounterVec
	took    prometheus.Histogram
}

func newLookupMetrics() lookupMetrics {
	return lookupMetrics{
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairlead_lookups_total",
			Help: "Look-ups of targets in the outside DNS, by record type and class of the answer.",
		}, []string{"type", "class"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "fairlead_lookup_duration_seconds",
			Help:    "How long look-ups of targets in the outside DNS took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
}

func (l lookupMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{l.lookups, l.took}
}

// Lookup counts one look-up of a target.
func (m *Metrics) Lookup(q model.Question, class model.Class, took time.Duration) {
	m.lookups.lookups.WithLabelValues(typeName(q.Type), className(class)).Inc()
	m.lookups.took.Observe(took.Seconds())
}

func typeName(t model.RecordType) string {
	switch t {
	case model.A, model.AAAA, model.SRV:
		return string(t)
	}
	return other
}

func className(c model.Class) string {
	switch c {
	case model.Answered, model.NotFound, model.Empty, model.Timeout,
		model.ServerFailure, model.Refused, model.Broken:
		return string(c)
	}
	return other
}
