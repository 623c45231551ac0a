package convert

import (
	"fmt"
	"strings"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// bestTier checks what the type asks of the tier that is published.
func (r *report) bestTier(w *Wanted) bool {
	if w.Type != model.ExternalName {
		return true
	}
	named := 0
	for _, t := range w.Targets {
		if t.Priority == best(w.Targets) && t.Hostname != "" {
			named++
		}
	}
	if named == 0 {
		r.error("HostnameMissing", at("spec", "targets"), "type ExternalName is a CNAME, and no target of the best tier has a hostname",
			"write a target with a hostname, or type: Headless to answer with addresses")
		return false
	}
	if named > 1 {
		r.warn("OneNameOnly", at("spec", "targets"), fmt.Sprintf("a CNAME has one name, and %d targets of the best tier have hostnames: the first is served", named),
			"give the others a higher priority, or write type: ClusterIP to share the load")
	}
	return true
}

func best(targets []model.Target) int {
	p := targets[0].Priority
	for _, t := range targets {
		p = min(p, t.Priority)
	}
	return p
}

// later tells exactly what a manifest asks for that is not done yet, and what
// is served meanwhile.
func (r *report) later(spec *v1alpha1.ExternalServiceSpec, w *Wanted) {
	var first, rest []string
	for _, t := range w.Targets {
		if t.Priority == best(w.Targets) {
			first = append(first, t.Name)
			continue
		}
		rest = append(rest, t.Name)
	}
	if len(rest) > 0 {
		r.warn("OneTierOnly", at("spec", "targets"),
			fmt.Sprintf("only the best tier is published yet, priority %d (%s): %s will not take over when it is down", best(w.Targets), strings.Join(first, ", "), strings.Join(rest, ", ")),
			"to move by hand, give the target that should serve the lowest priority")
	}
	if spec.Probe != nil {
		r.warn("NotYetProbed", at("spec", "probe"), "targets are not probed yet: every address that is known is published as ready", "leave probe in; it takes effect with a later version")
	}
	if spec.Failover != nil {
		r.warn("NoFailoverYet", at("spec", "failover"), "there is no failover yet: the best tier is published whether it is up or down", "leave failover in; it takes effect with a later version")
	}
	if res := spec.Resolution; res != nil && res.Retain != nil && res.Retain.Duration > 0 {
		r.warn("NotYetRetained", at("spec", "resolution", "retain"), "addresses are not retained yet: those that rotate out of an answer are withdrawn with the next", "leave retain in; it takes effect with a later version")
	}
}
