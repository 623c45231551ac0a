package relay

import (
	"bufio"
	"encoding/hex"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// rtfLocal marks the routes of /proc/net/ipv6_route that end at this machine.
const rtfLocal = 0x80000000

// freeBind lets a socket bind an address that no interface has.
func freeBind(fd int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1))
}

// routedHere reports whether a local route covers an IPv6 address, as after
// `ip -6 route add local PREFIX dev lo`. The kernel delivers such addresses and
// yet does not bind them of itself.
func routedHere(addr netip.Addr) bool {
	if !addr.Is6() {
		return false
	}
	f, err := os.Open("/proc/thread-self/net/ipv6_route")
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if p, ok := localPrefix(lines.Text()); ok && p.Contains(addr) {
			return true
		}
	}
	return false
}

// localPrefix returns the destination of a line of /proc/net/ipv6_route if its
// route is local. The fields are destination, prefix length, source, its prefix
// length, next hop, metric, two counters, flags and device; numbers are hex.
func localPrefix(line string) (netip.Prefix, bool) {
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return netip.Prefix{}, false
	}
	flags, err := strconv.ParseUint(fields[8], 16, 32)
	if err != nil || flags&rtfLocal == 0 {
		return netip.Prefix{}, false
	}
	raw, err := hex.DecodeString(fields[0])
	if err != nil {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(raw)
	bits, err := strconv.ParseUint(fields[1], 16, 8)
	if !ok || err != nil {
		return netip.Prefix{}, false
	}
	p := netip.PrefixFrom(addr, int(bits))
	return p, p.IsValid()
}
