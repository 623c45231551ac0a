package dnsserver

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/dns"
)

var (
	errNoReply = errors.New("the forwarder gave no reply")
	errBusy    = errors.New("too many forwarded questions are waiting")
)

// finish asks outside what a pending query needs, and returns its reply.
func (s *Server) finish(ctx context.Context, p *pending) []byte {
	ctx, cancel := context.WithTimeout(ctx, s.config.ForwardTimeout)
	defer cancel()
	reply, err := s.config.Forwarder.Exchange(ctx, p.ask())
	if err == nil && reply == nil {
		err = errNoReply
	}
	if err != nil {
		return s.fail(p, dns.ExtendedErrorCodeNetworkError, err)
	}
	var m dns.Msg
	if p.result.Action == Follow {
		if reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
			err := fmt.Errorf("%s %s: %s", p.result.Ask.Name, dns.TypeToString[p.result.Ask.Qtype], dns.RcodeToString[reply.Rcode])
			return s.fail(p, dns.ExtendedErrorCodeOther, err, explanations(reply)...)
		}
		m = p.followed(reply)
	} else {
		m = p.forwarded(reply)
	}
	out := p.pack(nil, &m, explanations(reply)...)
	s.told(p.proto, p.msg.Question[0].Qtype, m.Rcode, p.result.Source, p.began)
	return out
}

// ask is the query to send on. EDNS0 options are between neighbours (RFC 6891
// section 6.1.1, RFC 7873), so the client's stay here.
func (p *pending) ask() *dns.Msg {
	q := &dns.Msg{MsgHdr: dns.MsgHdr{
		Id:                p.msg.Id,
		RecursionDesired:  p.msg.RecursionDesired,
		CheckingDisabled:  p.msg.CheckingDisabled,
		AuthenticatedData: p.msg.AuthenticatedData,
	}, Question: slices.Clone(p.msg.Question)}
	if p.result.Action == Follow {
		q.RecursionDesired = true
		q.Question[0] = p.result.Ask
	}
	if p.opt != nil {
		q.Extra = []dns.RR{p.edns(nil)}
	}
	return q
}

// followed is the reply to a name in the cluster domain that leads outside. An
// outside name that does not exist ends the chain without an error.
func (p *pending) followed(reply *dns.Msg) dns.Msg {
	m := p.reply(dns.RcodeSuccess)
	m.Authoritative = p.result.Authoritative
	m.Truncated = reply.Truncated
	m.Answer = append(p.result.Answer, reply.Answer...)
	return m
}

// forwarded is the reply as the outside gave it, with the client's ID and EDNS0.
func (p *pending) forwarded(reply *dns.Msg) dns.Msg {
	m := *reply
	m.Id = p.msg.Id
	m.Opcode = dns.OpcodeQuery
	m.Response = true
	m.Question = p.msg.Question
	m.Extra = nil
	for _, rr := range reply.Extra {
		switch rr.Header().Rrtype {
		case dns.TypeOPT, dns.TypeTSIG, dns.TypeSIG:
			// These belong to the hop that the reply came over.
		default:
			m.Extra = append(m.Extra, rr)
		}
	}
	return m
}

// explanations are the reply's extended errors (RFC 8914), which are meant to
// be passed on.
func explanations(reply *dns.Msg) (options []dns.EDNS0) {
	if o := reply.IsEdns0(); o != nil {
		for _, option := range o.Option {
			if option.Option() == dns.EDNS0EDE {
				options = append(options, option)
			}
		}
	}
	return options
}

// fail is SERVFAIL with an extended error (RFC 8914) for clients that speak
// EDNS0.
func (s *Server) fail(p *pending, code uint16, err error, more ...dns.EDNS0) []byte {
	m := p.reply(dns.RcodeServerFailure)
	out := p.pack(nil, &m, append(more, &dns.EDNS0_EDE{InfoCode: code, ExtraText: err.Error()})...)
	s.told(p.proto, p.msg.Question[0].Qtype, dns.RcodeServerFailure, p.result.Source, p.began)
	return out
}
