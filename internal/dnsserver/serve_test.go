package dnsserver

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// start serves on a free port of 127.0.0.1 until the test ends.
func start(t *testing.T, c Config) *Server {
	t.Helper()
	if c.Snapshot == nil {
		s := world()
		c.Snapshot = func() *model.Snapshot { return s }
	}
	s := New(c)
	if err := s.Listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

func ask(t *testing.T, s *Server, proto, question string, change func(*dns.Msg)) *dns.Msg {
	t.Helper()
	q := parseQuestion(t, question)
	m := new(dns.Msg).SetQuestion(q.Name, q.Qtype)
	if change != nil {
		change(m)
	}
	reply, err := send(s, proto, m)
	if err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	return reply
}

func send(s *Server, proto string, m *dns.Msg) (*dns.Msg, error) {
	c := dns.Client{Net: proto, UDPSize: dns.MaxMsgSize, Timeout: 20 * time.Second}
	reply, _, err := c.Exchange(m, s.Addrs()[0].String())
	return reply, err
}
