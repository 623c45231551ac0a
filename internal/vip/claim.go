package vip

import (
	"net/netip"

	"fairlead.dev/internal/model"
)

// Family is an IP family.
type Family uint8

// The families, numbered as people call them.
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

// FamilyOf returns the family of an address.
func FamilyOf(a netip.Addr) Family {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// Claim is what one service wants.
type Claim struct {
	Key model.Key
	// Families are the families wanted, the primary first. Families without a
	// range are left out of the answer without a word: package convert has told
	// the person.
	Families []Family
	// Requested are addresses asked for by name, at most one of each family.
	Requested []netip.Addr
}

func (c Claim) requested(f Family) netip.Addr {
	for _, a := range c.Requested {
		if FamilyOf(a) == f {
			return a
		}
	}
	return netip.Addr{}
}

// Conflict says what a claim did not get.
type Conflict struct {
	Key model.Key
	// Severity is Error when the service has no address and is not to be
	// served, Warning when it got another one.
	Severity model.Severity
	Reason   string
	// Addr is the address that was asked for; zero when none was.
	Addr netip.Addr
	// Holder is the service that has it; zero unless Reason is AddressTaken.
	Holder  model.Key
	Message string
	Hint    string
}

// The reasons of a Conflict.
const (
	ReasonAddressTaken    = "AddressTaken"
	ReasonAddressReserved = "AddressReserved"
	ReasonOutsideRange    = "AddressOutsideRange"
	ReasonRangeExhausted  = "RangeExhausted"
)
