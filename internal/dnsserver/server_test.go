package dnsserver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

func TestListenSaysWhatToDo(t *testing.T) {
	taken := start(t, Config{}).Addrs()[0]
	udpOnly, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udpOnly.Close()
	tests := []struct {
		addr netip.AddrPort
		is   error
		want string
	}{
		{taken, syscall.EADDRINUSE, "another program answers there"},
		{udpOnly.LocalAddr().(*net.UDPAddr).AddrPort(), syscall.EADDRINUSE, "another program answers there"},
		{netip.MustParseAddrPort("192.0.2.77:0"), syscall.EADDRNOTAVAIL, "this machine does not have that address"},
		{netip.MustParseAddrPort("0.0.0.0:0"), nil, "name one address of this machine"},
		{netip.MustParseAddrPort("[::]:0"), nil, "name one address of this machine"},
		{netip.AddrPort{}, nil, "name one address of this machine"},
	}
	for _, c := range tests {
		s := New(Config{Snapshot: func() *model.Snapshot { return nil }})
		err := s.Listen(t.Context(), c.addr)
		if err == nil || !strings.Contains(err.Error(), c.want) || (c.is != nil && !errors.Is(err, c.is)) {
			t.Errorf("Listen(%s) = %v, want %q", c.addr, err, c.want)
		}
		if err := s.Serve(t.Context()); !errors.Is(err, ErrNotListening) {
			t.Errorf("Serve = %v", err)
		}
	}
}

// Another process that also shares its address must not take half the queries.
func TestListenDoesNotShareWithOthers(t *testing.T) {
	shared, n := sharing()
	if n < 2 {
		shared = net.ListenConfig{}
	}
	other, err := shared.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s := New(Config{Snapshot: func() *model.Snapshot { return nil }})
	if err := s.Listen(t.Context(), other.LocalAddr().(*net.UDPAddr).AddrPort()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Listen = %v", err)
	}
}

func TestSeveralAddresses(t *testing.T) {
	s := world()
	server := New(Config{Snapshot: func() *model.Snapshot { return s }})
	for _, a := range []string{"127.0.0.1:0", "127.96.0.10:0", "[::1]:0"} {
		if err := server.Listen(t.Context(), netip.MustParseAddrPort(a)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Serve(ctx) }()
	for _, a := range server.Addrs() {
		for _, proto := range []string{protoUDP, protoTCP} {
			c := dns.Client{Net: proto}
			m, _, err := c.Exchange(new(dns.Msg).SetQuestion("cluster.local.", dns.TypeNS), a.String())
			if err != nil || len(m.Extra) != 3 {
				t.Errorf("%s by %s: %v, %v", a, proto, m, err)
			}
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestClients has several clients ask over both protocols at once.
func TestClients(t *testing.T) {
	var told sync.Map
	s := start(t, Config{
		Forwarder: outside(echoes),
		Hooks: Hooks{Query: func(proto string, qtype uint16, rcode int, source string, took time.Duration) {
			told.Store(proto+" "+dns.TypeToString[qtype]+" "+dns.RcodeToString[rcode]+" "+source, took)
		}},
	})
	questions := map[string]int{
		"web.prod.svc.cluster.local. A":  dns.RcodeSuccess,
		"none.prod.svc.cluster.local. A": dns.RcodeNameError,
		"www.example.com. A":             dns.RcodeSuccess,
		"out.prod.svc.cluster.local. A":  dns.RcodeSuccess,
		"fail. A":                        dns.RcodeServerFailure,
	}
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for question, rcode := range questions {
				for _, proto := range []string{protoUDP, protoTCP} {
					name, _, _ := strings.Cut(question, " ")
					m, err := send(s, proto, new(dns.Msg).SetQuestion(name, dns.TypeA))
					if err != nil || m.Rcode != rcode {
						t.Errorf("%s by %s: %v, %v", question, proto, m, err)
					}
				}
			}
		})
	}
	clients.Wait()
	for _, want := range []string{
		"udp A NOERROR cluster", "tcp A NXDOMAIN cluster", "udp A NOERROR forwarded",
		"tcp A NOERROR external", "udp A SERVFAIL forwarded",
	} {
		if _, ok := told.Load(want); !ok {
			t.Errorf("hook was not told of %q", want)
		}
	}
}

// TestTCP writes frames by hand: several queries in one write, one in pieces,
// and things that are no queries.
func TestTCP(t *testing.T) {
	s := start(t, Config{Conns: 2})
	conn := dial(t, s)
	pack := func(name string) []byte {
		raw, err := new(dns.Msg).SetQuestion(name, dns.TypeA).Pack()
		if err != nil {
			t.Fatal(err)
		}
		return append(binary.BigEndian.AppendUint16(nil, uint16(len(raw))), raw...)
	}
	frames := append(pack("web.prod.svc.cluster.local."), pack("portless.prod.svc.cluster.local.")...)
	frames = append(frames, 0, 12, 7, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0) // no question
	for _, part := range [][]byte{frames, frames[:1], frames[1:20], frames[20:]} {
		if _, err := conn.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	c := dns.Conn{Conn: conn}
	for i := range 6 {
		m, err := c.ReadMsg()
		if err != nil {
			t.Fatal(err)
		}
		if i%3 == 2 && (m.Rcode != dns.RcodeFormatError || m.Id != 0x0707) || i%3 < 2 && len(m.Answer) != 1 {
			t.Errorf("reply %d: %v", i, m)
		}
	}

	second := dial(t, s)
	if _, err := second.Write(frames); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	third := dial(t, s)
	if _, err := third.Read(make([]byte, 1)); !closed(err) {
		t.Errorf("one connection too many: %v", err)
	}
	if _, err := conn.Write([]byte{0, 3, 1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !closed(err) {
		t.Errorf("after garbage: %v", err)
	}
}

// A client may close its side and still wait for an answer.
func TestHalfClosedConnectionIsAnswered(t *testing.T) {
	waiting, release := make(chan struct{}), make(chan struct{})
	s := start(t, Config{Forwarder: outside(func(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
		close(waiting)
		<-release
		return echoes(ctx, q)
	})})
	conn := dial(t, s).(*net.TCPConn)
	c := dns.Conn{Conn: conn}
	if err := c.WriteMsg(new(dns.Msg).SetQuestion("www.example.com.", dns.TypeA)); err != nil {
		t.Fatal(err)
	}
	<-waiting
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		ask(t, s, protoTCP, "web.prod.svc.cluster.local. A", nil)
	}
	close(release)
	if m, err := c.ReadMsg(); err != nil || len(m.Answer) != 1 {
		t.Errorf("reply: %v, %v", m, err)
	}
}

func TestIdleConnectionIsClosed(t *testing.T) {
	s := start(t, Config{IdleTimeout: time.Millisecond})
	if _, err := dial(t, s).Read(make([]byte, 1)); !closed(err) {
		t.Errorf("idle connection: %v", err)
	}
}

func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestStop ends a server with an idle connection and a question under way.
func TestStop(t *testing.T) {
	waiting := make(chan struct{})
	snapshot := world()
	s := New(Config{
		Snapshot: func() *model.Snapshot { return snapshot },
		Forwarder: outside(func(ctx context.Context, _ *dns.Msg) (*dns.Msg, error) {
			close(waiting)
			<-ctx.Done()
			return nil, ctx.Err()
		}),
	})
	if err := s.Listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx) }()
	idle := dial(t, s)
	asked := make(chan *dns.Msg)
	go func() {
		m, err := send(s, protoUDP, new(dns.Msg).SetQuestion("www.example.com.", dns.TypeA))
		if err != nil {
			t.Error(err)
		}
		asked <- m
	}()
	<-waiting
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if m := <-asked; m == nil || m.Rcode != dns.RcodeServerFailure {
		t.Errorf("the question under way: %v", m)
	}
	if _, err := idle.Read(make([]byte, 1)); !closed(err) {
		t.Errorf("the idle connection: %v", err)
	}
	again := New(s.config)
	if err := again.Listen(t.Context(), s.Addrs()[0]); err != nil {
		t.Errorf("the address is not free again: %v", err)
	}
	again.Close()
}
