// Package metrics counts for Prometheus what the other packages report through
// their hooks, and shows the current snapshot as gauges.
//
// Every label is bounded: record types, response codes and reasons that are not
// known become "other", and a service's series, one for each probed endpoint among
// them, go when the service goes. The methods
// of [Metrics] have the signatures of the hooks that they fill, may be called
// concurrently and cost a map look-up. docs/metrics.md lists every metric.
//
// The package serves nothing and decides nothing; it keeps no registry of its
// own.
package metrics

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"fairlead.dev/internal/model"
)

// Config says what is measured. All fields may be left empty.
type Config struct {
	// Snapshot returns the current snapshot.
	Snapshot func() *model.Snapshot
	// Version is the program's.
	Version string
	// Controller leaves out what a controller does not do: it reads no manifests,
	// answers no DNS and relays nothing.
	Controller bool
	// Gateway leaves out all but what the relay counts.
	Gateway bool
}

// Metrics holds Fairlead's counters. Make one with [New].
type Metrics struct {
	dns       *dnsMetrics
	relay     *relayMetrics
	lookups   lookupMetrics
	reloads   reloadMetrics
	probes    *probeMetrics
	failovers *failovers

	snapshot func() *model.Snapshot
	// families are those that are no registry's: Handler writes them.
	families []family
}

// New registers Fairlead's metrics, but for those that have series for each service:
// Handler has them.
func New(reg prometheus.Registerer, c Config) (*Metrics, error) {
	if c.Snapshot == nil {
		c.Snapshot = func() *model.Snapshot { return nil }
	}
	m := &Metrics{
		dns:       newDNSMetrics(),
		relay:     newRelayMetrics(),
		lookups:   newLookupMetrics(),
		reloads:   newReloadMetrics(),
		probes:    newProbeMetrics(),
		failovers: newFailovers(time.Now()),
		snapshot:  c.Snapshot,
		families:  snapshotFamilies(),
	}
	m.families = append(m.families, m.failovers.families()...)
	all := []prometheus.Collector{newBuildInfo(c.Version)}
	if c.Gateway {
		m.families = m.relay.families()
		return m, registered(reg, append(all, m.relay.duration))
	}
	all = append(all, m.lookups.collectors()...)
	all = append(all, m.probes.collectors()...)
	if !c.Controller {
		m.families = append(m.families, m.relay.families()...)
		all = append(all, m.relay.duration)
		all = append(all, m.dns.collectors()...)
		all = append(all, m.reloads.collectors()...)
	}
	return m, registered(reg, all)
}

func registered(reg prometheus.Registerer, all []prometheus.Collector) error {
	var errs []error
	for _, one := range all {
		errs = append(errs, reg.Register(one))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("register metrics (give metrics.New a registry that has none of Fairlead's yet): %w", err)
	}
	return nil
}

// NewRegistry returns a registry with the metrics of the Go runtime and of the
// process.
func NewRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return reg
}
