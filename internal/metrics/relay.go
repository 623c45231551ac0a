package metrics

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairlead.dev/internal/model"
)

// relayMetrics counts the connections that the relay carries, by service. It
// keeps the counts itself, since the series of a service must go with it.
type relayMetrics struct {
	snapshot func() *model.Snapshot
	duration prometheus.Histogram

	connections, failures, refused, bytes, open *prometheus.Desc

	mu       sync.RWMutex
	services map[model.Key]*relayCounts
}

// relayCounts are one service's.
type relayCounts struct {
	opened, closed, failed, refused, toTarget, toClient atomic.Int64
}

func newRelayMetrics(snapshot func() *model.Snapshot) *relayMetrics {
	desc := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"namespace", "name"}, more...), nil)
	}
	return &relayMetrics{
		snapshot: snapshot,
		services: map[model.Key]*relayCounts{},
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "fairlead_relay_connection_duration_seconds",
			Help:    "How long relayed connections lasted.",
			Buckets: []float64{.001, .01, .1, 1, 10, 60, 600, 3600, 21600, 86400},
		}),
		connections: desc("fairlead_relay_connections_total",
			"Connections relayed to an endpoint, by service."),
		failures: desc("fairlead_relay_connect_failures_total",
			"Failed attempts to connect to an endpoint, by service."),
		refused: desc("fairlead_relay_refused_total",
			"Client connections refused since no endpoint could be reached, by service."),
		bytes: desc("fairlead_relay_bytes_total",
			"Bytes relayed on connections that have ended, by service and direction (to_target or to_client).",
			"direction"),
		open: desc("fairlead_relay_open_connections",
			"Connections that the relay carries now, by service."),
	}
}

// RelayOpened counts a connection that reached an endpoint.
func (m *Metrics) RelayOpened(k model.Key) {
	m.relay.count(k, func(c *relayCounts) { c.opened.Add(1) })
}

// RelayClosed counts the end of a connection that RelayOpened counted.
func (m *Metrics) RelayClosed(k model.Key, toTarget, toClient int64, took time.Duration) {
	m.relay.duration.Observe(took.Seconds())
	m.relay.count(k, func(c *relayCounts) {
		c.closed.Add(1)
		c.toTarget.Add(toTarget)
		c.toClient.Add(toClient)
	})
}

// RelayConnectFailed counts one endpoint that could not be reached; another
// may have been tried after it.
func (m *Metrics) RelayConnectFailed(k model.Key) {
	m.relay.count(k, func(c *relayCounts) { c.failed.Add(1) })
}

// RelayRefused counts a client that was turned away.
func (m *Metrics) RelayRefused(k model.Key) {
	m.relay.count(k, func(c *relayCounts) { c.refused.Add(1) })
}

// count holds the lock while it adds, so that no count is lost to [relayMetrics.forget].
func (r *relayMetrics) count(k model.Key, add func(*relayCounts)) {
	r.mu.RLock()
	c, ok := r.services[k]
	if ok {
		add(c)
	}
	r.mu.RUnlock()
	if ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok = r.services[k]
	if !ok {
		c = &relayCounts{}
		r.services[k] = c
	}
	add(c)
}

// forget drops services that are no longer there and carry no connection.
func (r *relayMetrics) forget() {
	s := r.snapshot()
	if s == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, c := range r.services {
		if s.Find(k) == nil && c.opened.Load() <= c.closed.Load() {
			delete(r.services, k)
		}
	}
}

// Describe implements [prometheus.Collector].
func (r *relayMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{r.connections, r.failures, r.refused, r.bytes, r.open} {
		ch <- d
	}
	r.duration.Describe(ch)
}

// Collect implements [prometheus.Collector].
func (r *relayMetrics) Collect(ch chan<- prometheus.Metric) {
	r.forget()
	r.duration.Collect(ch)
	r.mu.RLock()
	defer r.mu.RUnlock()
	for k, c := range r.services {
		count := func(d *prometheus.Desc, v int64, more ...string) {
			labels := append([]string{k.Namespace, k.Name}, more...)
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
		}
		closed := c.closed.Load() // before opened, so that open is never negative
		opened := c.opened.Load()
		count(r.connections, opened)
		count(r.failures, c.failed.Load())
		count(r.refused, c.refused.Load())
		count(r.bytes, c.toTarget.Load(), "to_target")
		count(r.bytes, c.toClient.Load(), "to_client")
		ch <- prometheus.MustNewConstMetric(r.open, prometheus.GaugeValue, float64(opened-closed), k.Namespace, k.Name)
	}
}
