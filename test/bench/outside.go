//go:build linux

package main

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// outside is an authoritative DNS server whose records change: the load, and not
// what is measured.
type outside struct {
	at netip.AddrPort

	mu      sync.Mutex
	records map[string]*record
	asked   int // questions in all
}

// record is the A records of a name.
type record struct {
	addrs  []netip.Addr
	ttl    uint32
	served time.Time // when addrs were given out first; zero: not yet
	given  chan struct{}
}

func (b *bench) runOutside() (*outside, error) {
	at, err := freePort(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		return nil, err
	}
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	return b.serveOutside(udp, at), nil
}

// serveOutside is runOutside on a socket that stands.
func (b *bench) serveOutside(udp net.PacketConn, at netip.AddrPort) *outside {
	o := &outside{at: at, records: make(map[string]*record)}
	server := &dns.Server{PacketConn: udp, Handler: dns.HandlerFunc(o.answer)}
	go server.ActivateAndServe()
	b.atEnd(func() { server.ShutdownContext(context.Background()) })
	return o
}

// set changes a record. The channel is closed when it is given out first.
func (o *outside) set(name string, addr netip.Addr, ttl uint32) <-chan struct{} {
	return o.setAll(name, []netip.Addr{addr}, ttl)
}

// setAll changes all A records of a name.
func (o *outside) setAll(name string, addrs []netip.Addr, ttl uint32) <-chan struct{} {
	r := &record{addrs: addrs, ttl: ttl, given: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.records[name] = r
	return r.given
}

// served is when the record of now was given out first.
func (o *outside) served(name string) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.records[name].served
}

// queries is how many questions were asked so far.
func (o *outside) queries() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

func (o *outside) answer(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	m.Authoritative = true
	name := dns.CanonicalName(q.Question[0].Name)
	o.mu.Lock()
	o.asked++
	r := o.records[name]
	switch {
	case r == nil:
		m.Rcode = dns.RcodeNameError
	case q.Question[0].Qtype == dns.TypeA:
		for _, addr := range r.addrs {
			m.Answer = append(m.Answer, &dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: r.ttl},
				A:   addr.AsSlice(),
			})
		}
		if r.served.IsZero() {
			r.served = time.Now()
			close(r.given)
		}
	default: // the name has no other records, for as long as it has this one
		m.Ns = []dns.RR{&dns.SOA{
			Hdr: dns.RR_Header{Name: outsideZone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: r.ttl},
			Ns:  "ns." + outsideZone, Mbox: "hostmaster." + outsideZone, Serial: 1, Refresh: 60, Retry: 60, Expire: 600, Minttl: r.ttl,
		}}
	}
	o.mu.Unlock()
	w.WriteMsg(m)
}
