//go:build linux

package expectations

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"fairlead.dev/test/lab"
)

// site is a host outside the cluster. What it serves says its address.
type site struct {
	*lab.Host
	w *world
}

// site puts a host outside, for as long as the test runs.
func (w *world) site(addr string) *site {
	w.t.Helper()
	h, err := w.Outside().Host(w.namespace+"-"+addr, addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := h.Remove(); err != nil {
			w.t.Error(err)
		}
	})
	return &site{Host: h, w: w}
}

// also gives the host further addresses of its network.
func (s *site) also(addrs ...string) *site {
	s.w.t.Helper()
	for _, a := range addrs {
		if _, err := s.Output(s.w.t.Context(), "ip", "address", "add", a+"/24", "dev", "eth0"); err != nil {
			s.w.t.Fatal(err)
		}
	}
	return s
}

// web serves HTTP. It answers with the address and port that it was reached at,
// and on /from with the address of who asks.
func (s *site) web(ports ...int) *site {
	s.w.t.Helper()
	for _, port := range ports {
		listener, err := s.Listen(":" + strconv.Itoa(port))
		if err != nil {
			s.w.t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(introduce)}
		server.SetKeepAlivesEnabled(false) // each request is a connection of its own
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = server.Serve(listener) // until Close
		}()
		s.w.t.Cleanup(func() {
			_ = server.Close()
			<-ended
		})
	}
	return s
}

func introduce(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/from" {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintln(out, from)
		return
	}
	fmt.Fprintln(out, r.Context().Value(http.LocalAddrContextKey))
}

// udp answers DNS questions over UDP, as dig can ask them: the TXT record of any
// name is the address and port that it was asked at.
func (s *site) udp(port int) *site {
	s.w.t.Helper()
	addr := net.JoinHostPort(s.Addr.String(), strconv.Itoa(port))
	conn, err := s.ListenPacket(addr)
	if err != nil {
		s.w.t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(out dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		header := dns.RR_Header{Name: question.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET}
		answer.Answer = []dns.RR{&dns.TXT{Hdr: header, Txt: []string{addr}}}
		_ = out.WriteMsg(answer) // a lost answer is UDP's business
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.ActivateAndServe() // until the socket is closed
	}()
	s.w.t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	return s
}

// name is a name in the outside DNS that is this test's alone.
func (w *world) name(label string) string { return label + "." + w.namespace + ".example.com" }

// records sets records of the outside DNS server: "LABEL TTL TYPE DATA".
func (w *world) records(lines ...string) {
	w.t.Helper()
	for i, line := range lines {
		label, rest, _ := strings.Cut(line, " ")
		lines[i] = w.name(label) + ". " + rest
	}
	if err := w.OutsideDNS().Set(lines...); err != nil {
		w.t.Fatal(err)
	}
}

// forget takes a name away from the outside DNS server.
func (w *world) forget(label string) {
	w.t.Helper()
	if err := w.OutsideDNS().Delete(w.name(label) + "."); err != nil {
		w.t.Fatal(err)
	}
}
