//go:build linux

package cluster

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestAReservedPortIsForItsListenerOnly(t *testing.T) {
	held, err := reserve(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.release()
	listener, err := net.Listen("tcp", held.addr.String())
	if err != nil {
		t.Fatalf("the program it is held for cannot have it: %v", err)
	}
	defer listener.Close()
	if again, err := reserve(held.addr); err == nil {
		again.release()
		t.Errorf("%s was given away while somebody listens there", held.addr)
	}
}

func TestABusyDNSPortIsRefused(t *testing.T) {
	busy, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	addr := busy.LocalAddr().(*net.UDPAddr).AddrPort()
	if held, err := reserveBoth(addr); err == nil || !strings.Contains(err.Error(), "over UDP") {
		if err == nil {
			held.release()
		}
		t.Errorf("got %v, want that %s is taken over UDP", err, addr)
	}
}
