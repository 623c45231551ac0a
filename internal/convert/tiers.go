package convert

import (
	"fmt"
	"slices"
	"strings"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// tier is the targets of one priority, as they are written.
type tier struct {
	priority int32
	targets  []v1alpha1.Target
}

// tiersOf returns the tiers, the best one first.
func tiersOf(targets []v1alpha1.Target) []tier {
	var all []tier
	for _, t := range targets {
		i := slices.IndexFunc(all, func(o tier) bool { return o.priority == t.Priority })
		if i < 0 {
			i, all = len(all), append(all, tier{priority: t.Priority})
		}
		all[i].targets = append(all[i].targets, t)
	}
	slices.SortFunc(all, func(a, b tier) int { return int(a.priority) - int(b.priority) })
	return all
}

func (t tier) names() string {
	names := make([]string, len(t.targets))
	for i := range t.targets {
		names[i] = t.targets[i].Name
	}
	return strings.Join(names, ", ")
}

// hostnames is how many targets have one.
func (t tier) hostnames() int {
	n := 0
	for i := range t.targets {
		if t.targets[i].Hostname != "" {
			n++
		}
	}
	return n
}

// most is how many endpoints the tier can ever have, if that is known.
func (t tier) most() (n int, known bool) {
	seen := map[string]struct{}{}
	for i := range t.targets {
		if t.targets[i].Addresses == nil {
			return 0, false
		}
		for _, a := range t.targets[i].Addresses {
			seen[a] = struct{}{}
		}
	}
	return len(seen), true
}

// tiers checks what the type, the probe and the failover ask of the tiers, and
// reports whether the service can be served.
func (r *report) tiers(spec *v1alpha1.ExternalServiceSpec, w *Wanted) bool {
	all, before := tiersOf(spec.Targets), r.errors
	if len(all) > 1 && w.Probe == nil {
		r.error("ProbeMissing", at("spec", "probe"),
			fmt.Sprintf("the targets have %d priorities, and without a probe nothing tells when to move: %s would never serve", len(all), all[1].names()),
			"write probe: {tcp: {}}, or give all targets one priority")
	}
	r.names(w, all)
	r.enough(w, all)
	if r.errors > before {
		return false
	}
	r.unused(spec.Failover, w, len(all))
	r.split(w, len(all))
	return true
}

// names checks that an ExternalName finds a name in every tier.
func (r *report) names(w *Wanted, all []tier) {
	if w.Type != model.ExternalName {
		return
	}
	path := at("spec", "targets")
	for _, t := range all {
		switch n := t.hostnames(); {
		case n == 0:
			r.error("HostnameMissing", path, fmt.Sprintf("type ExternalName is a CNAME, and no target of priority %d (%s) has a hostname", t.priority, t.names()),
				"write a target with a hostname, or type: Headless to answer with addresses")
		case n > 1:
			r.warn("OneNameOnly", path, fmt.Sprintf("a CNAME has one name, and %d targets of priority %d have hostnames: the first is served", n, t.priority),
				"give the others a higher priority, or write type: ClusterIP to share the load")
		}
	}
}

// enough checks that every tier can have as many endpoints as it needs.
func (r *report) enough(w *Wanted, all []tier) {
	least, path := w.Failover.MinimumReady, at("spec", "failover", "minimumReady")
	if least > 1 && w.Probe.Exclusive() {
		r.error("MinimumTooHigh", path, fmt.Sprintf("a tier has one primary at most, and with minimumReady %d would never be up", least),
			"write minimumReady: 1, or role: replica")
		return
	}
	for _, t := range all {
		if n, known := t.most(); known && n < least {
			r.error("MinimumTooHigh", path, fmt.Sprintf("priority %d (%s) has %d addresses, and with minimumReady %d would never be up", t.priority, t.names(), n, least),
				fmt.Sprintf("write minimumReady: %d or less, or more addresses", n))
		}
	}
}

// unused warns of settings that decide nothing.
func (r *report) unused(f *v1alpha1.Failover, w *Wanted, tiers int) {
	path := at("spec", "failover")
	moves := w.Failover.ManualFailback || w.Failover.FailbackDelay != model.DefaultFailover().FailbackDelay
	switch {
	case f == nil:
	case w.Probe == nil:
		r.warn("FailoverUnused", path, "failover follows probes, and without a probe every address that is known counts as up", "write probe: {tcp: {}}, too, or leave failover out")
	case tiers == 1 && moves:
		r.warn("FailoverUnused", path, "failback and failbackDelay say when to move back to a better tier, and all targets have one priority", "give the targets priorities, or leave them out")
	}
}

// split warns of tiers of a database's primaries: one that was replaced and comes
// back may still believe to be one, and its tier may be the better one.
func (r *report) split(w *Wanted, tiers int) {
	if tiers == 1 || !w.Probe.Exclusive() || w.Failover.ManualFailback {
		return
	}
	r.warn("PrimaryInTiers", at("spec", "targets"), "role: primary finds the primary in any tier, and with priorities an old primary that comes back and still takes writes is moved back to",
		"give all targets one priority, so that the present primary is kept while it is up, or write failback: Manual")
}
