package convert

import (
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// address parses the address of an endpoint. It refuses what can never be one,
// and that address alone. Loopback addresses pass: the API server refuses
// them, but without a cluster 127.0.0.1 is a fine place for a database.
func (r *report) address(path *field.Path, s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		r.error("InvalidAddress", path, fmt.Sprintf("%q is not an IP address: this address is left out", s), addressHint(s))
		return netip.Addr{}, false
	}
	if a.Is4In6() {
		r.error("InvalidAddress", path, fmt.Sprintf("%s is an IPv4 address written as IPv6: this address is left out", s), "write "+a.Unmap().String())
		return netip.Addr{}, false
	}
	if why := unusable(a); why != "" {
		r.error("InvalidAddress", path, fmt.Sprintf("%s is %s: this address is left out", s, why), "write the address that the external service listens on")
		return netip.Addr{}, false
	}
	for _, p := range r.c.in.ServiceCIDRs {
		if p.Contains(a) {
			r.error("AddressIsVirtual", path,
				fmt.Sprintf("%s is in the service range %s; a virtual IP cannot be an endpoint, the relay would call itself: this address is left out", a, p),
				"write the address that the external service listens on, or start with another --service-cidr")
			return netip.Addr{}, false
		}
	}
	return a, true
}

func unusable(a netip.Addr) string {
	switch {
	case a.Zone() != "":
		return "an address with a zone, which Kubernetes does not have"
	case a.IsUnspecified():
		return "the unspecified address"
	case a.IsMulticast():
		return "a multicast address"
	case a.IsLinkLocalUnicast():
		return "a link-local address, which means another machine on every machine"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "the broadcast address"
	default:
		return ""
	}
}

func addressHint(s string) string {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return fmt.Sprintf("write %s, and the port in ports: [{port: %d}]", ap.Addr(), ap.Port())
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return fmt.Sprintf("write one address, such as %s", p.Addr())
	}
	if why, _ := badHostname(trimDot(s)); why == "" && !looksLikeIP(s) {
		return fmt.Sprintf("only IP addresses are allowed here; for a DNS name write an ExternalService with targets: [{name: external, hostname: %s}]", trimDot(s))
	}
	return "write an IPv4 or IPv6 address such as 10.0.1.25"
}
