package standin

import (
	"fmt"
	"net"
	"sync"

	"github.com/miekg/dns"
)

// serveDNS answers from the zone file over TCP, on l, and UDP.
func (o *Outside) serveDNS(l net.Listener, p Place) error {
	pc, err := net.ListenPacket("udp", p.Addr.String())
	if err != nil {
		l.Close()
		return fmt.Errorf("%s: cannot listen for UDP, stop what does, or move all of them with --network: %w", p, err)
	}
	for _, s := range []*dns.Server{{Listener: l}, {PacketConn: pc}} {
		var up sync.WaitGroup
		up.Add(1)
		s.NotifyStartedFunc = up.Done
		s.Handler = dns.HandlerFunc(o.answerDNS)
		o.wg.Go(func() { _ = s.ActivateAndServe() }) // ends by Shutdown
		up.Wait()
		o.closers = append(o.closers, s.Shutdown)
	}
	return nil
}

func (o *Outside) answerDNS(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(r)
	// It plays the resolver that machines are given as well as the servers
	// that own the names, so that nobody need ask further.
	m.Authoritative, m.RecursionAvailable = true, true
	switch {
	case r.Opcode != dns.OpcodeQuery:
		m.Rcode = dns.RcodeNotImplemented
	case len(r.Question) != 1:
		m.Rcode = dns.RcodeFormatError
	case r.Question[0].Qclass != dns.ClassINET:
		m.Rcode = dns.RcodeRefused
	default:
		o.names.current().answer(m, r.Question[0])
	}
	size := dns.MinMsgSize
	if opt := r.IsEdns0(); opt != nil {
		size = max(size, int(opt.UDPSize()))
		m.SetEdns0(1232, false)
	}
	if w.LocalAddr().Network() == "udp" {
		m.Truncate(min(size, 1232))
	}
	_ = w.WriteMsg(m) // a client that has gone needs no answer
}
