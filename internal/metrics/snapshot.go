package metrics

import (
	"cmp"
	"maps"
	"runtime"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"fairlead.dev/internal/model"
)

// snapshotFamilies are the gauges of a snapshot.
func snapshotFamilies() []family {
	return []family{
		{
			name: "fairlead_snapshot_generation", kind: gauge,
			help: "Number of the current snapshot; 0 before the first.",
			series: func(s *model.Snapshot, t *text) {
				t.put(float64(s.Generation))
			},
		},
		{
			name: "fairlead_snapshot_timestamp_seconds", kind: gauge,
			help: "When the current snapshot was made, as a Unix time; 0 before the first.",
			series: func(s *model.Snapshot, t *text) {
				t.put(unixTime(s))
			},
		},
		{
			name: "fairlead_problems", kind: gauge, labels: []string{"severity"},
			help:   "Problems in the manifests, by severity.",
			series: putProblems,
		},
		{
			name: "fairlead_services", kind: gauge, labels: []string{"namespace", "type"},
			help:   "Services, by namespace and type.",
			series: putServices,
		},
		each("fairlead_service_ready", gauge,
			"1 if there is an endpoint to connect to that is not known to be down, or an ExternalName's name has addresses, else 0.",
			func(p *model.Published, t *text) {
				ready, _ := p.Decision.Condition(model.Ready)
				t.put(number(ready.Status), p.Service.Key.Namespace, p.Service.Key.Name)
			}),
		each("fairlead_service_endpoints", gauge, "Published endpoints of a service, by readiness.", putEndpoints, "ready"),
		each("fairlead_service_condition", gauge, "A service's conditions with their status and reason; always 1.",
			putConditions, "condition", "status", "reason"),
	}
}

// each is a family with series for each service, whose first labels are its own.
func each(name string, k kind, help string, put func(*model.Published, *text), more ...string) family {
	return family{
		name: name, kind: k, help: help, labels: append([]string{"namespace", "name"}, more...),
		series: func(s *model.Snapshot, t *text) {
			for _, p := range s.Services {
				put(p, t)
			}
		},
	}
}

func unixTime(s *model.Snapshot) float64 {
	if s.At.IsZero() {
		return 0
	}
	return float64(s.At.UnixMilli()) / 1000
}

func putProblems(s *model.Snapshot, t *text) {
	count := map[model.Severity]int{}
	for _, p := range s.Problems {
		count[p.Severity]++
	}
	for _, severity := range []model.Severity{model.Error, model.Warning, model.Info} {
		t.put(float64(count[severity]), string(severity))
	}
}

func putServices(s *model.Snapshot, t *text) {
	type place struct {
		namespace string
		typ       model.ServiceType
	}
	count := map[place]int{}
	for _, p := range s.Services {
		count[place{p.Service.Key.Namespace, p.Service.Type}]++
	}
	for _, k := range slices.SortedFunc(maps.Keys(count), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.typ, b.typ))
	}) {
		t.put(float64(count[k]), k.namespace, string(k.typ))
	}
}

func putEndpoints(p *model.Published, t *text) {
	var n [2]int
	for i := range p.Decision.Endpoints {
		n[int(number(p.Decision.Endpoints[i].Ready))]++
	}
	t.put(float64(n[1]), p.Service.Key.Namespace, p.Service.Key.Name, "true")
	t.put(float64(n[0]), p.Service.Key.Namespace, p.Service.Key.Name, "false")
}

func putConditions(p *model.Published, t *text) {
	for i := range p.Decision.Conditions {
		c := &p.Decision.Conditions[i]
		status := "false"
		if c.Status {
			status = "true"
		}
		t.put(1, p.Service.Key.Namespace, p.Service.Key.Name, string(c.Type), status, c.Reason)
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
