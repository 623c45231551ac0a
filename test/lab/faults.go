package lab

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

// Faults say how a DNS server misbehaves. The zero value is good behaviour.
type Faults struct {
	Delay time.Duration // each answer comes this much later
	Loss  float64       // this share of the queries is lost, 0 to 1
	Rcode int           // if not 0, the only answer: RcodeServfail, RcodeRefused
	Quiet bool          // nothing is answered at all
}

// What Faults.Rcode may be, among others of RFC 1035.
const (
	RcodeServfail = 2
	RcodeRefused  = 5
)

const behind = 5353 // where BIND answers when something stands before it

// FaultyDNS is a DNS server that can be told to misbehave. It is BIND with a
// forwarder before it, since the kernel may have no netem.
type FaultyDNS struct {
	*DNS
	faults atomic.Pointer[Faults]
}

// FaultyDNS starts a server like DNS does, one that behaves well at first.
func (h *Host) FaultyDNS(zones ...string) (*FaultyDNS, error) {
	bind, err := h.bind(behind, zones...)
	if err != nil {
		return nil, err
	}
	d := &FaultyDNS{DNS: bind}
	d.faults.Store(&Faults{})
	udp, err := h.ListenPacket(net.JoinHostPort(h.Addr.String(), "53"))
	if err != nil {
		return nil, err
	}
	h.lab.cleanup(func() { udp.Close() })
	tcp, err := h.Listen(net.JoinHostPort(h.Addr.String(), "53"))
	if err != nil {
		return nil, err
	}
	h.lab.cleanup(func() { tcp.Close() })
	back, err := h.ListenPacket(net.JoinHostPort(h.Addr.String(), "0"))
	if err != nil {
		return nil, err
	}
	h.lab.cleanup(func() { back.Close() })
	go d.serveTCP(tcp)
	f := &udpFront{dns: d, clients: udp, back: back, asked: make(map[uint16]pending)}
	go f.queries()
	go f.answers()
	return d, nil
}

// Fault makes the server misbehave from now on; Fault(Faults{}) ends that.
func (d *FaultyDNS) Fault(f Faults) { d.faults.Store(&f) }

// verdict decides about one query: passed on, answered here, or neither.
func (f *Faults) verdict(query []byte) (pass bool, answer []byte) {
	switch {
	case f.Quiet || len(query) < 12 || f.Loss > 0 && rand.Float64() < f.Loss:
		return false, nil
	case f.Rcode != 0:
		return false, refusal(query, f.Rcode)
	}
	return true, nil
}

// refusal answers a query with a code and the question alone.
func refusal(query []byte, rcode int) []byte {
	a := slices.Clone(query[:questionEnd(query)])
	a[2] |= 0x80 // it is a response
	a[3] = byte(rcode & 0xf)
	binary.BigEndian.PutUint16(a[6:], 0)  // no answers,
	binary.BigEndian.PutUint16(a[8:], 0)  // no authority,
	binary.BigEndian.PutUint16(a[10:], 0) // nothing more: the query's EDNS option is cut off
	return a
}

// questionEnd is where the one question of a query ends.
func questionEnd(query []byte) int {
	i := 12
	for i < len(query) && query[i] != 0 {
		i += int(query[i]) + 1
	}
	return min(i+5, len(query)) // the root label, type and class
}
