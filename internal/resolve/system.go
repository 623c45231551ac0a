package resolve

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/miekg/dns"
)

// SystemServers reads the servers of a resolv.conf(5), leaving out those that
// skip says are Fairlead itself: a machine that already asks Fairlead for
// everything must not make it ask itself.
func SystemServers(path string, skip func(netip.AddrPort) bool) ([]netip.AddrPort, error) {
	conf, err := dns.ClientConfigFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the outside DNS servers from %s: %w; name one with --upstream instead", path, err)
	}
	var servers []netip.AddrPort
	for _, s := range conf.Servers {
		a, err := ParseServer(net.JoinHostPort(s, conf.Port))
		if err != nil || skip(a) {
			continue
		}
		servers = append(servers, a)
	}
	return servers, nil
}

// ParseServer reads an address with or without a port; the port defaults to 53.
func ParseServer(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not the address of a DNS server: write an IP address with or without a port, like 10.0.0.2, 10.0.0.2:5353 or [fd00::2]:53", s)
	}
	return ap, nil
}
