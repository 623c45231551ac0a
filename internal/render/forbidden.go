package render

import (
	"net/netip"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// publishable leaves out the addresses that cannot stand in an EndpointSlice.
// The API server refuses a whole slice for one of them.
func publishable(endpoints []model.Endpoint) ([]model.Endpoint, []Finding) {
	kept := make([]model.Endpoint, 0, len(endpoints))
	var findings []Finding
	for _, e := range endpoints {
		why := unpublishable(e.Addr)
		if why == "" {
			kept = append(kept, e)
			continue
		}
		findings = append(findings, Finding{
			Target: e.Target, Addr: e.Addr, Reason: v1alpha1.ReasonForbidden,
			Message: e.Addr.String() + " is left out: it is " + why,
		})
	}
	return kept, findings
}

func unpublishable(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "no address"
	case a.Is4In6():
		return "an IPv4 address written as IPv6"
	case a.Zone() != "":
		return "an address with a zone, which Kubernetes does not have"
	case a.IsUnspecified():
		return "the unspecified address"
	case a.IsLoopback():
		return "a loopback address, another machine for every client"
	case a.IsLinkLocalUnicast():
		return "a link-local address, another machine on every machine"
	case a.IsMulticast():
		return "a multicast address"
	case !a.IsGlobalUnicast():
		return "the broadcast address"
	default:
		return ""
	}
}
