package relay

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
)

// proxySignature begins a header of version 2 of the PROXY protocol.
const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

// proxyHeader tells who the client is, and which address it has connected to (HAProxy's
// doc/proxy-protocol.txt, 2.1 and 2.2).
func proxyHeader(version int, client net.Conn) []byte {
	from, to := addrOf(client.RemoteAddr()), addrOf(client.LocalAddr())
	v4 := from.Addr().Is4() && to.Addr().Is4()
	if version == 1 {
		family := "TCP6"
		if v4 {
			family = "TCP4"
		}
		return fmt.Appendf(nil, "PROXY %s %s %s %d %d\r\n", family, from.Addr(), to.Addr(), from.Port(), to.Port())
	}
	const proxied, tcp4, tcp6 = 0x21, 0x11, 0x21
	var addresses []byte
	family := byte(tcp6)
	if v4 {
		family = tcp4
		addresses = append(addresses, from.Addr().AsSlice()...)
		addresses = append(addresses, to.Addr().AsSlice()...)
	} else {
		f, t := from.Addr().As16(), to.Addr().As16()
		addresses = append(append(addresses, f[:]...), t[:]...)
	}
	addresses = binary.BigEndian.AppendUint16(addresses, from.Port())
	addresses = binary.BigEndian.AppendUint16(addresses, to.Port())
	header := append([]byte(proxySignature), proxied, family)
	header = binary.BigEndian.AppendUint16(header, uint16(len(addresses)))
	return append(header, addresses...)
}

func addrOf(a net.Addr) netip.AddrPort {
	ap := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
