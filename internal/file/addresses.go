package file

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/vip"
)

// assign gives the services their virtual IPs. A service that cannot have one
// is not served.
func (t *trial) assign(l *Loader, wanted []convert.Wanted, lines *lineFinder) {
	claims := make([]vip.Claim, 0, len(wanted))
	sources := make(map[model.Key]int, len(wanted))
	for i := range wanted {
		w := &wanted[i]
		sources[w.Key] = w.Source
		if len(w.Families) > 0 {
			claims = append(claims, vip.Claim{Key: w.Key, Families: families(w.Families), Requested: w.Requested})
		}
	}
	assigned, conflicts := vip.Assign(l.cfg.ServiceCIDRs, claims, l.served.addrs)
	refused := make(map[model.Key]bool)
	for _, c := range conflicts {
		t.conflict(c, t.sources[sources[c.Key]], sources, lines)
		refused[c.Key] = refused[c.Key] || c.Severity == model.Error
	}
	t.services = make([]model.Service, 0, len(wanted))
	for i := range wanted {
		s := wanted[i].Service
		if refused[s.Key] {
			continue
		}
		s.ClusterIPs = assigned[s.Key]
		t.services = append(t.services, s)
		t.keys[s.Key] = t.sources[wanted[i].Source].file.path
	}
}

// conflict turns what package vip says into a problem, and names both places.
func (t *trial) conflict(c vip.Conflict, src sourceObject, sources map[model.Key]int, lines *lineFinder) {
	kind, key := convert.KeyOf(src.value)
	p := model.Problem{
		Severity: c.Severity, Reason: c.Reason, Object: kind + " " + key.String(), File: src.file.path,
		Field: requestField(src.value, c.Addr), Message: c.Message, Hint: c.Hint,
	}
	p.Line = src.doc.fileLine(lines.find(src, p.Field))
	if holder, ok := sources[c.Holder]; ok && c.Reason == vip.ReasonAddressTaken {
		p.Message += fmt.Sprintf(" (%s)", t.sources[holder].place())
	}
	t.add(p)
}

func (s sourceObject) place() string {
	return fmt.Sprintf("%s:%d", s.file.path, s.doc.fileLine(s.line))
}

// requestField is the field in which a Service asks for an address.
func requestField(value any, a netip.Addr) string {
	s, ok := value.(*corev1.Service)
	if !ok || !a.IsValid() {
		return ""
	}
	for i, text := range s.Spec.ClusterIPs {
		if got, err := netip.ParseAddr(text); err == nil && got == a {
			return fmt.Sprintf("spec.clusterIPs[%d]", i)
		}
	}
	return "spec.clusterIP"
}

func families(in []corev1.IPFamily) []vip.Family {
	out := make([]vip.Family, len(in))
	for i, f := range in {
		out[i] = vip.IPv4
		if f == corev1.IPv6Protocol {
			out[i] = vip.IPv6
		}
	}
	return out
}

func checkRange(p netip.Prefix) error {
	if err := vip.Check(p); err != nil {
		return fmt.Errorf("--service-cidr: %w", err)
	}
	return nil
}
