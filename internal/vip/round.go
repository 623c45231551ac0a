package vip

import (
	"fmt"
	"net/netip"

	"fairlead.dev/internal/model"
)

// take gives the address to the service unless another has it.
func (r *round) take(k model.Key, a netip.Addr) bool {
	if _, ok := r.taken[a]; ok {
		return false
	}
	r.taken[a] = k
	r.got[k] = a
	return true
}

// request is the address that the claim asks for, if it can be had at all.
// Otherwise it adds a Warning, and the claim is as one that asks for nothing.
func (r *round) request(c Claim) netip.Addr {
	a := c.requested(r.family)
	if !a.IsValid() {
		return a
	}
	if !r.prefix.Contains(a) {
		r.warn(c.Key, a, ReasonOutsideRange,
			fmt.Sprintf("%s asks for %s, which is outside the service range %s: it gets another address", c.Key, a, r.prefix),
			fmt.Sprintf("leave clusterIP out, write an address in %s, or start with a --service-cidr that holds %s", r.prefix, a))
		return netip.Addr{}
	}
	if what, ok := r.reserved(a); ok {
		r.warn(c.Key, a, ReasonAddressReserved,
			fmt.Sprintf("%s asks for %s, which is %s: it gets another address", c.Key, a, what),
			fmt.Sprintf("leave clusterIP out, or write another address in %s", r.prefix))
		return netip.Addr{}
	}
	return a
}

// held picks what a running service may keep.
func (r *round) held(addrs []netip.Addr) netip.Addr {
	for _, a := range addrs {
		if !r.prefix.Contains(a) {
			continue
		}
		if _, ok := r.reserved(a); !ok {
			return a
		}
	}
	return netip.Addr{}
}

// grant gives a claim the address it asks for, and reports an Error if another
// service has it.
func (r *round) grant(c Claim) {
	a := c.requested(r.family)
	if r.take(c.Key, a) {
		return
	}
	holder := r.taken[a]
	r.conflicts = append(r.conflicts, Conflict{
		Key: c.Key, Severity: model.Error, Reason: ReasonAddressTaken, Addr: a, Holder: holder,
		Message: fmt.Sprintf("%s asks for %s, which %s has: it is not served", c.Key, a, holder),
		Hint:    "leave clusterIP out of one of the two, or write a free address",
	})
}

func (r *round) warn(k model.Key, a netip.Addr, reason, message, hint string) {
	r.conflicts = append(r.conflicts, Conflict{
		Key: k, Severity: model.Warning, Reason: reason, Addr: a, Message: message, Hint: hint,
	})
}
