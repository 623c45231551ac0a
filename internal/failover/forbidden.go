package failover

import (
	"net/netip"
	"slices"
)

// Forbidden says which addresses may not be published. Its zero value forbids
// none.
type Forbidden struct {
	Ranges []Range
	// Unroutable forbids those that are no place in a network, or another one for
	// every client: loopback, link-local, multicast, unspecified and broadcast
	// addresses, those with a zone, and IPv4 addresses written as IPv6. No
	// EndpointSlice takes them. On one machine loopback is as good as any.
	Unroutable bool
}

// Range is addresses that may not be published.
type Range struct {
	Prefix netip.Prefix
	// Why ends the sentence "ADDRESS is left out: ".
	Why string
}

// why returns why the address may not be published; empty if it may.
func (f Forbidden) why(a netip.Addr) string {
	plain := a.Unmap().WithZone("")
	at := slices.IndexFunc(f.Ranges, func(r Range) bool { return r.Prefix.Contains(plain) })
	switch {
	case at >= 0:
		return f.Ranges[at].Why
	case f.Unroutable:
		return unroutable(a)
	}
	return ""
}

func unroutable(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "it is no address"
	case a.Is4In6():
		return "it is an IPv4 address written as IPv6"
	case a.Zone() != "":
		return "it has a zone, which Kubernetes does not have"
	case a.IsUnspecified():
		return "it is the unspecified address"
	case a.IsLoopback():
		return "it is a loopback address, another machine for every client"
	case a.IsLinkLocalUnicast():
		return "it is a link-local address, another machine on every machine"
	case a.IsMulticast():
		return "it is a multicast address"
	case !a.IsGlobalUnicast():
		return "it is the broadcast address"
	}
	return ""
}
