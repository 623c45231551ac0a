package metrics

import (
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairlead.dev/internal/model"
)

// failoverCollector shows of every service that is probed, or pinned, what probes
// hold of its endpoints, where it is published from, and how often that moved.
type failoverCollector struct {
	snapshot func() *model.Snapshot
	// since is when counting began; moves before it are other processes'.
	since time.Time

	up, active, best, pinned, transitions *prometheus.Desc

	mu    sync.Mutex
	moved map[model.Key]*moves
}

// moves are the transitions of a service that were counted, and the latest one's
// time.
type moves struct {
	count  int
	latest time.Time
}

func newFailoverCollector(snapshot func() *model.Snapshot, since time.Time) *failoverCollector {
	return &failoverCollector{
		snapshot: snapshot, since: since, moved: map[model.Key]*moves{},
		up: newDesc("fairlead_probe_up",
			"1 if an endpoint of a service is up, 0 if it is down; absent until it is known.", "namespace", "name", "target", "address"),
		active: newDesc("fairlead_service_active_priority",
			"The priority of the tier that a service is published from.", "namespace", "name"),
		best: newDesc("fairlead_service_best_priority",
			"The priority of the tier that a service is published from while all is well.", "namespace", "name"),
		pinned: newDesc("fairlead_service_pinned",
			"1 if a person has pinned a service to a target, else 0.", "namespace", "name"),
		transitions: newDesc("fairlead_service_transitions_total",
			"Moves of a service from some targets to others.", "namespace", "name"),
	}
}

// Describe implements [prometheus.Collector].
func (f *failoverCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{f.up, f.active, f.best, f.pinned, f.transitions} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (f *failoverCollector) Collect(ch chan<- prometheus.Metric) {
	s := f.snapshot()
	if s == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for k := range f.moved {
		if s.Find(k) == nil {
			delete(f.moved, k)
		}
	}
	for _, p := range s.Services {
		if p.Service.Probe != nil || p.Service.Pin != nil {
			f.collect(ch, p)
		}
	}
}

func (f *failoverCollector) collect(ch chan<- prometheus.Metric, p *model.Published) {
	k, d := p.Service.Key, &p.Decision
	gauge := func(desc *prometheus.Desc, v float64, more ...string) {
		labels := append([]string{k.Namespace, k.Name}, more...)
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	gauge(f.pinned, number(d.State.Pinned != ""))
	ch <- prometheus.MustNewConstMetric(f.transitions, prometheus.CounterValue, float64(f.count(k, d.History)), k.Namespace, k.Name)
	if len(d.Active) > 0 {
		gauge(f.active, float64(d.Priority))
	}
	if len(d.Targets) > 0 {
		best := d.Targets[0].Priority
		for _, t := range d.Targets[1:] {
			best = min(best, t.Priority)
		}
		gauge(f.best, float64(best))
	}
	for _, t := range d.Targets {
		for addr, up := range verdicts(t.Checks) {
			gauge(f.up, number(up), t.Name, addr.String())
		}
	}
}

// verdicts are those of each address: where two names share one, it is up if it is
// for both.
func verdicts(checks []model.CheckStatus) map[netip.AddrPort]bool {
	all := make(map[netip.AddrPort]bool, len(checks))
	for _, c := range checks {
		if c.Verdict == model.Unjudged {
			continue
		}
		up, twice := all[c.Addr]
		all[c.Addr] = c.Verdict == model.Up && (up || !twice)
	}
	return all
}

// count adds the transitions that are new. The history holds the latest
// [model.MaxHistory] of them: more in one interval of scraping are not counted.
func (f *failoverCollector) count(k model.Key, history []model.Transition) int {
	m := f.moved[k]
	if m == nil {
		m = &moves{latest: f.since}
		f.moved[k] = m
	}
	latest := m.latest
	for _, t := range history {
		if !t.At.After(m.latest) {
			continue
		}
		if len(t.From) > 0 {
			m.count++
		}
		if t.At.After(latest) {
			latest = t.At
		}
	}
	m.latest = latest
	return m.count
}
