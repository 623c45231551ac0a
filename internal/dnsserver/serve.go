package dnsserver

import (
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// pending is a query whose answer needs the outside DNS.
type pending struct {
	request
	proto  string
	result Result
	began  time.Time
}

// respond answers one query, appending to dst. It returns neither a reply nor
// something pending for what deserves no reply. r is only room to work in, and
// belongs to what is pending if something is.
func (s *Server) respond(dst, raw []byte, proto string, r *request) ([]byte, *pending) {
	began := s.config.Now()
	verdict, rcode := r.read(raw, proto == protoUDP)
	switch verdict {
	case drop:
		return nil, nil
	case reject:
		s.told(proto, 0, rcode, SourceCluster, began)
		return rejection(dst, raw, rcode), nil
	}
	question := r.msg.Question[0]
	result := s.result(r, question, began)
	if result.Action != Reply {
		return nil, &pending{request: *r, proto: proto, result: result, began: began}
	}
	m := r.reply(result.Rcode)
	m.Authoritative = result.Authoritative
	m.Answer, m.Ns, m.Extra = result.Answer, result.Ns, result.Extra
	out := r.pack(dst, &m)
	s.told(proto, question.Qtype, m.Rcode, result.Source, began)
	return out, nil
}

func (s *Server) result(r *request, question dns.Question, now time.Time) Result {
	if question.Qclass == dns.ClassINET && r.opt != nil && r.opt.Version() != 0 {
		return failed(dns.RcodeBadVers)
	}
	result := Answer(s.current(), question, now)
	if result.Action == Forward && s.config.Forwarder == nil {
		return failed(dns.RcodeRefused)
	}
	if result.Action == Follow && s.config.Forwarder == nil {
		return failed(dns.RcodeServerFailure)
	}
	return result
}

// current is the view of the snapshot of now.
func (s *Server) current() *View {
	snapshot := s.config.Snapshot()
	if v := s.view.Load(); v != nil && v.snapshot == snapshot {
		return v
	}
	v := NewView(snapshot, Options{TTL: uint32(s.config.TTL / time.Second), Self: s.self})
	s.view.Store(v)
	return v
}

func (s *Server) told(proto string, qtype uint16, rcode int, source string, began time.Time) {
	if s.config.Hooks.Query != nil {
		s.config.Hooks.Query(proto, qtype, rcode, source, s.config.Now().Sub(began))
	}
}

// guard keeps a bug in the answer to one query from ending all others'.
func (s *Server) guard() {
	if p := recover(); p != nil {
		s.config.Log.Error("answering a query panicked", "panic", fmt.Sprint(p))
	}
}
