package metrics

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"fairlead.dev/internal/model"
)

// snapshotCollector shows the snapshot of the moment of the scrape.
type snapshotCollector struct {
	snapshot func() *model.Snapshot
}

func newDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// snapshotDescs are the gauges of a snapshot.
type snapshotDescs struct {
	generation, at, services, problems, ready, endpoints, condition *prometheus.Desc
}

func descs() snapshotDescs {
	return snapshotDescs{
		generation: newDesc("fairlead_snapshot_generation",
			"Number of the current snapshot; 0 before the first."),
		at: newDesc("fairlead_snapshot_timestamp_seconds",
			"When the current snapshot was made, as a Unix time; 0 before the first."),
		services: newDesc("fairlead_services",
			"Services, by namespace and type.", "namespace", "type"),
		problems: newDesc("fairlead_problems",
			"Problems in the manifests, by severity.", "severity"),
		ready: newDesc("fairlead_service_ready",
			"1 if there is an endpoint to connect to that is not known to be down, or an ExternalName's name has addresses, else 0.", "namespace", "name"),
		endpoints: newDesc("fairlead_service_endpoints",
			"Published endpoints of a service, by readiness.", "namespace", "name", "ready"),
		condition: newDesc("fairlead_service_condition",
			"A service's conditions with their status and reason; always 1.",
			"namespace", "name", "condition", "status", "reason"),
	}
}

// Describe implements [prometheus.Collector].
func (c snapshotCollector) Describe(ch chan<- *prometheus.Desc) {
	d := descs()
	for _, one := range []*prometheus.Desc{
		d.generation, d.at, d.services, d.problems, d.ready, d.endpoints, d.condition,
	} {
		ch <- one
	}
}

// Collect implements [prometheus.Collector].
func (c snapshotCollector) Collect(ch chan<- prometheus.Metric) {
	d := descs()
	gauge := func(desc *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	s := c.snapshot()
	if s == nil {
		s = &model.Snapshot{}
	}
	gauge(d.generation, float64(s.Generation))
	at := 0.0
	if !s.At.IsZero() {
		at = float64(s.At.UnixMilli()) / 1000
	}
	gauge(d.at, at)

	problems := map[model.Severity]int{model.Error: 0, model.Warning: 0, model.Info: 0}
	for _, p := range s.Problems {
		problems[p.Severity]++
	}
	for severity, n := range problems {
		gauge(d.problems, float64(n), string(severity))
	}

	type kind struct {
		namespace string
		typ       model.ServiceType
	}
	kinds := map[kind]int{}
	for _, p := range s.Services {
		kinds[kind{p.Service.Key.Namespace, p.Service.Type}]++
		collectService(d, gauge, p)
	}
	for k, n := range kinds {
		gauge(d.services, float64(n), k.namespace, string(k.typ))
	}
}

func collectService(d snapshotDescs, gauge func(*prometheus.Desc, float64, ...string), p *model.Published) {
	ns, name := p.Service.Key.Namespace, p.Service.Key.Name
	ready, _ := p.Decision.Condition(model.Ready)
	gauge(d.ready, number(ready.Status), ns, name)

	var n [2]int
	for _, e := range p.Decision.Endpoints {
		n[int(number(e.Ready))]++
	}
	gauge(d.endpoints, float64(n[1]), ns, name, "true")
	gauge(d.endpoints, float64(n[0]), ns, name, "false")

	for _, c := range p.Decision.Conditions {
		status := "false"
		if c.Status {
			status = "true"
		}
		gauge(d.condition, 1, ns, name, string(c.Type), status, c.Reason)
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// newBuildInfo is constant: its labels say what runs.
func newBuildInfo(version string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "fairlead_build_info",
		Help:        "The version of Fairlead and of Go; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	g.Set(1)
	return g
}
