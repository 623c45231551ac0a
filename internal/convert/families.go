package convert

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// clusterIPs reads which addresses and which families a Service asks for.
func (c *converter) clusterIPs(r *report, w *Wanted, s *corev1.Service) {
	w.Requested = r.requested(s)
	policy := familyPolicy(s, len(w.Requested))
	ranges := c.in.families()
	order := slices.Clone(s.Spec.IPFamilies)
	for i, f := range order {
		if f != corev1.IPv4Protocol && f != corev1.IPv6Protocol {
			r.error("UnknownValue", at("spec", "ipFamilies").Index(i), fmt.Sprintf("there is no IP family %q", f), "write IPv4 or IPv6")
			return
		}
	}
	for _, a := range w.Requested {
		order = append(order, familyOf(a))
	}
	order = append(order, ranges...)
	order = unique(order)

	switch policy {
	case corev1.IPFamilyPolicySingleStack:
		order = order[:min(1, len(order))]
	case corev1.IPFamilyPolicyPreferDualStack:
	case corev1.IPFamilyPolicyRequireDualStack:
		if len(ranges) == 1 {
			r.warn("SingleStackOnly", at("spec", "ipFamilyPolicy"),
				fmt.Sprintf("RequireDualStack needs ranges of both families, and there is only %s: one address is served", orList(ranges)),
				"start with --service-cidr 127.96.0.0/16,fd00:96::/108")
		}
	default:
		r.error("UnknownValue", at("spec", "ipFamilyPolicy"), fmt.Sprintf("there is no IP family policy %q", policy),
			"write SingleStack, PreferDualStack or RequireDualStack")
		return
	}
	w.Families = slices.DeleteFunc(slices.Clone(order), func(f corev1.IPFamily) bool { return !slices.Contains(ranges, f) })
	if len(w.Families) == 0 && len(ranges) > 0 {
		r.error("NoRange", at("spec", "ipFamilies"),
			fmt.Sprintf("the Service wants an %s address, and the service range is %s", orList(order), orList(ranges)),
			"leave ipFamilies out, or start with --service-cidr 127.96.0.0/16,fd00:96::/108")
	}
}

// familyPolicy is the policy of a Service with so many requested addresses. Two
// of anything mean both families, as the API server has it.
func familyPolicy(s *corev1.Service, requested int) corev1.IPFamilyPolicy {
	switch {
	case s.Spec.IPFamilyPolicy != nil:
		return *s.Spec.IPFamilyPolicy
	case len(s.Spec.IPFamilies) > 1 || requested > 1:
		return corev1.IPFamilyPolicyPreferDualStack
	default:
		return corev1.IPFamilyPolicySingleStack
	}
}

// requested parses spec.clusterIPs, or spec.clusterIP where there is only that.
func (r *report) requested(s *corev1.Service) []netip.Addr {
	list, path := s.Spec.ClusterIPs, at("spec", "clusterIPs")
	single := len(list) == 0
	switch {
	case single && s.Spec.ClusterIP == "":
		return nil
	case single:
		list, path = []string{s.Spec.ClusterIP}, at("spec", "clusterIP")
	case s.Spec.ClusterIP != "" && s.Spec.ClusterIP != list[0]:
		r.error("ClusterIPsDiffer", path.Index(0), fmt.Sprintf("clusterIPs[0] is %s and clusterIP is %s", list[0], s.Spec.ClusterIP), "write the same address in both, or only clusterIP")
		return nil
	}
	var addrs []netip.Addr
	for i, text := range list {
		p := path
		if !single {
			p = path.Index(i)
		}
		a, err := netip.ParseAddr(text)
		if err != nil || a.Is4In6() || a.Zone() != "" {
			r.error("InvalidAddress", p, fmt.Sprintf("%q is not an address that a Service can have", text), "write an IPv4 or IPv6 address, None, or leave it out")
			continue
		}
		if slices.ContainsFunc(addrs, func(o netip.Addr) bool { return o.Is4() == a.Is4() }) {
			r.error("InvalidAddress", p, fmt.Sprintf("%s is the second %s address", text, familyOf(a)), "write at most one address of each family")
			continue
		}
		addrs = append(addrs, a)
	}
	return addrs
}

// families are the families of the service ranges, in their order.
func (in Input) families() []corev1.IPFamily {
	var fs []corev1.IPFamily
	for _, p := range in.ServiceCIDRs {
		fs = append(fs, familyOf(p.Addr()))
	}
	return unique(fs)
}

func familyOf(a netip.Addr) corev1.IPFamily {
	if a.Is4() {
		return corev1.IPv4Protocol
	}
	return corev1.IPv6Protocol
}

// unique keeps the first of equal elements.
func unique[T comparable](s []T) []T {
	out := make([]T, 0, len(s))
	for _, v := range s {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
