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
	opened, closed, refused, overflowed, clients, toTarget, toClient atomic.Int64
	// failed are in the order of connectReasons.
	failed [reasons]atomic.Int64
}

// reasons is how many connectReasons there are.
const reasons = 8

// connectReasons are why an endpoint did not take a connection: those of probes, and
// that of a certificate that is not to be had. The last is for all others.
func connectReasons() [reasons]string {
	return [...]string{
		model.ProbeRefused, model.ProbeTimeout, model.ProbeUnreachable, model.ProbeReset, model.ProbeCertificate, model.ProbeHandshake,
		model.CertificateMissing, other,
	}
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
		r.counted("fairlead_relay_connect_failures_total", counter, "Failed attempts to connect to an endpoint, by service and reason.",
			func(k model.Key, c *relayCounts, t *text) {
				for i, reason := range connectReasons() {
					if n := c.failed[i].Load(); n > 0 {
						t.put(float64(n), k.Namespace, k.Name, reason)
					}
				}
			}, "reason"),
		r.counted("fairlead_relay_refused_total", counter, "Client connections and requests refused since no endpoint could be reached, by service.",
			func(k model.Key, c *relayCounts, t *text) {
				t.put(float64(c.refused.Load()), k.Namespace, k.Name)
			}),
		r.counted("fairlead_relay_overflowed_total", counter, "Client connections refused since the service has as many as its gateway's maxConnections, by service.",
			func(k model.Key, c *relayCounts, t *text) {
				t.put(float64(c.overflowed.Load()), k.Namespace, k.Name)
			}),
		r.counted("fairlead_relay_client_failures_total", counter, "Clients that did not come to terms with the relay, in a TLS handshake mostly, by service.",
			func(k model.Key, c *relayCounts, t *text) {
				t.put(float64(c.clients.Load()), k.Namespace, k.Name)
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
// may have been tried after it. The reason is a probe's word.
func (m *Metrics) RelayConnectFailed(k model.Key, reason string) {
	all := connectReasons()
	i := slices.Index(all[:], reason)
	if i < 0 {
		i = reasons - 1
	}
	m.relay.count(k, func(c *relayCounts) { c.failed[i].Add(1) })
}

// RelayOverflowed counts a client that was turned away since there are as many as may
// be.
func (m *Metrics) RelayOverflowed(k model.Key) {
	m.relay.count(k, func(c *relayCounts) { c.overflowed.Add(1) })
}

// RelayClientFailed counts a client that did not come to terms with the relay.
func (m *Metrics) RelayClientFailed(k model.Key) {
	m.relay.count(k, func(c *relayCounts) { c.clients.Add(1) })
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
