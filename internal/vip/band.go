package vip

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
)

// dnsOffset is the place of the DNS server's address in a range: kubeadm's
// tenth.
const dnsOffset = 10

// minHostBits make the smallest range that holds the reserved addresses and a
// few services: 16 addresses.
const minHostBits = 4

// DNSAddr is the address in the range p that belongs to the DNS server: the
// tenth, as in 10.96.0.10.
func DNSAddr(p netip.Prefix) netip.Addr {
	return nth(p.Masked().Addr(), dnsOffset)
}

// The largest ranges. No address of the range can be an endpoint, so that a
// larger one would leave hardly any.
const (
	minBits4 = 8
	minBits6 = 64
)

// Check says whether p can be a service range, and what to write if not. It
// takes the prefix as it was written, before masking.
func Check(p netip.Prefix) error {
	if !p.IsValid() || p.Addr().Is4In6() {
		return fmt.Errorf("service range %s is not a prefix: write one such as 127.96.0.0/16 or fd00:96::/108", p)
	}
	least, example := minBits4, "127.96.0.0/16"
	if p.Addr().Is6() {
		least, example = minBits6, "fd00:96::/108"
	}
	switch {
	case p.Bits() < least:
		return fmt.Errorf("service range %s is too large: no address in it could be that of an external service; write /%d or smaller, such as %s", p, least, example)
	case hostBits(p) < minHostBits:
		return fmt.Errorf("service range %s is too small: write /%d or larger", p, p.Addr().BitLen()-minHostBits)
	case p != p.Masked():
		return fmt.Errorf("service range %s has host bits set: write %s", p, p.Masked())
	}
	return nil
}

// band is a range cut in two: offsets [first, split) are handed out on request
// and when all else is taken, [split, end) to everybody.
type band struct {
	prefix            netip.Prefix
	base              netip.Addr
	first, split, end uint64
}

func newBand(p netip.Prefix) band {
	size := uint64(math.MaxUint64)
	if bits := hostBits(p); bits < 64 {
		size = 1 << bits
	}
	b := band{prefix: p.Masked(), base: p.Masked().Addr(), first: 1, end: size}
	if p.Addr().Is4() {
		b.end-- // the broadcast address
	}
	b.split = b.first + min(max(16, size/16), 256)
	if b.split >= b.end {
		b.split = b.first
	}
	return b
}

// capacity is how many services fit in.
func (b band) capacity() uint64 { return b.end - b.first - 1 }

// reserved reports whether the address is in the range and not to be handed
// out, and what it is.
func (b band) reserved(a netip.Addr) (string, bool) {
	switch {
	case a == b.base:
		return "the range's network address", true
	case a == nth(b.base, dnsOffset):
		return "the DNS server's", true
	case a.Is4() && a == nth(b.base, b.end):
		return "the range's broadcast address", true
	default:
		return "", false
	}
}

func hostBits(p netip.Prefix) int { return p.Addr().BitLen() - p.Bits() }

// nth is the address n places behind base.
func nth(base netip.Addr, n uint64) netip.Addr {
	if base.Is4() {
		b := base.As4()
		binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(n))
		return netip.AddrFrom4(b)
	}
	b := base.As16()
	low := binary.BigEndian.Uint64(b[8:])
	binary.BigEndian.PutUint64(b[8:], low+n)
	if low+n < low {
		binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])+1)
	}
	return netip.AddrFrom16(b)
}
