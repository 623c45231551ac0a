package metrics

import "github.com/prometheus/client_golang/prometheus"

// reloadMetrics counts how often manifests were read.
type reloadMetrics struct {
	ok, failed prometheus.Counter
	reloads    *prometheus.CounterVec
	last       prometheus.Gauge
	lastOK     prometheus.Gauge
}

func newReloadMetrics() reloadMetrics {
	r := reloadMetrics{
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairlead_reloads_total",
			Help: "Times that the manifests were read, by result (success or failure).",
		}, []string{"result"}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairlead_last_reload_successful",
			Help: "1 if the last reading of the manifests succeeded, else 0.",
		}),
		lastOK: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairlead_last_reload_success_timestamp_seconds",
			Help: "When the manifests were last read with success, as a Unix time; 0 for never.",
		}),
	}
	r.ok, r.failed = r.reloads.WithLabelValues("success"), r.reloads.WithLabelValues("failure")
	return r
}

func (r reloadMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{r.reloads, r.last, r.lastOK}
}

// Reloads counts one reading of the manifests.
func (m *Metrics) Reloads(ok bool) {
	if !ok {
		m.reloads.failed.Inc()
		m.reloads.last.Set(0)
		return
	}
	m.reloads.ok.Inc()
	m.reloads.last.Set(1)
	m.reloads.lastOK.SetToCurrentTime()
}
