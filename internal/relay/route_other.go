//go:build !linux

package relay

import "net/netip"

// freeBind is not needed where an address is bound only if an interface has it.
func freeBind(int) error { return nil }

func routedHere(netip.Addr) bool { return false }
