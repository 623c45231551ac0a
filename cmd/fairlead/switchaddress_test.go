package main

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

// TestSwitchStaysHere: another machine's manifests are not on this one.
func TestSwitchStaysHere(t *testing.T) {
	addresses := map[string]bool{
		"127.0.0.1:8053": true, "[::1]:8053": true, "localhost:8053": true, ":8053": true, "0.0.0.0:8053": true,
		"203.0.113.7:8053": false, "[2001:db8::1]:8053": false, "db.example.com:8053": false,
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range own {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			addresses[netip.AddrPortFrom(p.Addr(), 8053).String()] = true
		}
	}
	for address, here := range addresses {
		f := switchFlags{address: address}
		_, err := f.request([]string{"db", "standby"})
		if (err == nil) != here {
			t.Errorf("%s: got %v, want it taken: %v", address, err, here)
		}
		if err != nil && !strings.Contains(err.Error(), "run fairlead switch there") {
			t.Errorf("%s: %v says not what to do", address, err)
		}
	}
}
