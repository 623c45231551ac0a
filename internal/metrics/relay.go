package metrics

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairlead.dev/internal/model"
)

// relayMetrics counts the connections that the relay carries, by service. It
// keeps the counts itself, since the series of a service must go with it.
type relayMetrics struct {
	duration prometheus.Histogram

	mu       sync.RWMutex
	services map[model.Key]*relayCounts
}

// relayCounts are one service's.
type relayCounts struct {
	opened, closed, failed, refused, toTarget, toClient atomic.Int64
}

func newRelayMetrics() *relayMetrics {
	return &relayMetrics{
		services: map[model.Key]*relayCounts{},
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "fairlead_relay_connection_duration_seconds",
			Help:    "How long relayed connections lasted.",
			Buckets: []float64{.001, .01, .1, 1, 10, 60, 600, 3600, 21600, 86400},
		}),
	}
}

// families show the counts of each service.
func (r *relayMetrics) families() []family {
	return []family{
		r.counted("fairlead_relay_connections_total", counter, "Connections relayed to an endpoint, by service.",
			func(k model.Key, c *relayCounts, t *text) {
				t.put(float64(c.opened.Load()), k.Namespace, k.Name)
			}),
		r.counted("fairlead_relay_connect_failures_total", counter, "Failed attempts to connect to an endpoint, by service.",
			func(k model.Key, c *relayCounts, t *text) {
				t.put(float64(c.failed.Load()), k.Namespace, k.Name)
			}),
		r.counted("fairlead_relay_refused_total", counter, "Client connections refused since no endpoint could be reached, by service.",
			func(k model.Key, c *relayCounts, t *text) {
				t.put(float64(c.refused.Load()), k.Namespace, k.Name)
			}),
		r.counted("fairlead_relay_bytes_total", counter, "Bytes relayed on connections that have ended, by service and direction (to_target or to_client).",
			func(k model.Key, c *relayCounts, t *text) {
				t.put(float64(c.toTarget.Load()), k.Namespace, k.Name, "to_target")
				t.put(float64(c.toClient.Load()), k.Namespace, k.Name, "to_client")
			}, "direction"),
		r.counted("fairlead_relay_open_connections", gauge, "Connections that the relay carries now, by service.",
			func(k model.Key, c *relayCounts, t *text) {
				closed := c.closed.Load() // before opened, so that it is never negative
				t.put(float64(c.opened.Load()-closed), k.Namespace, k.Name)
			}),
	}
}

// counted is a family with series for each service that a connection was counted of.
func (r *relayMetrics) counted(name string, k kind, help string, put func(model.Key, *relayCounts, *text), more ...string) family {
	return family{
		name: name, kind: k, help: help, labels: append([]string{"namespace", "name"}, more...),
		series: func(_ *model.Snapshot, t *text) {
			r.mu.RLock()
			all := maps.Clone(r.services)
			r.mu.RUnlock() // whoever reads the text may be slow
			for _, key := range slices.SortedFunc(maps.Keys(all), model.Key.Compare) {
				put(key, all[key], t)
			}
		},
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
func (r *relayMetrics) forget(s *model.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, c := range r.services {
		if s.Find(k) == nil && c.opened.Load() <= c.closed.Load() {
			delete(r.services, k)
		}
	}
}
