package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// udpServer answers each datagram with its name and what it heard.
func udpServer(t *testing.T, name string) netip.AddrPort {
	t.Helper()
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := pc.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				_, _ = pc.WriteToUDPAddrPort([]byte(name+":"+string(buf[:n])), from)
			}
		}
	}()
	return pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

// udpClient talks with at alone: the kernel drops what comes from elsewhere.
func udpClient(t *testing.T, at netip.AddrPort) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// say sends a datagram and returns the answer. Loopback loses none.
func say(t *testing.T, c *net.UDPConn, what string) string {
	t.Helper()
	if _, err := c.Write([]byte(what)); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 1<<16)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatalf("answer to %.20q: %v", what, err)
	}
	return string(buf[:n])
}

func wantSaid(t *testing.T, c *net.UDPConn, what, want string) {
	t.Helper()
	if got := say(t, c, what); got != want {
		t.Fatalf("got %.40q, want %.40q", got, want)
	}
}

func TestUDPBothWays(t *testing.T) {
	at := virtualIP(t)
	var mu sync.Mutex
	var traffic Traffic
	r := New(Config{Hooks: Hooks{Closed: func(_ model.Key, _ model.Port, _ netip.AddrPort, tr Traffic) {
		mu.Lock()
		defer mu.Unlock()
		traffic.In += tr.In
		traffic.Out += tr.Out
	}}})
	mustPublish(t, r, published("a", at, []netip.AddrPort{udpServer(t, "s")}, overUDP))
	c, d := udpClient(t, at), udpClient(t, at)
	big := string(make([]byte, 9000))
	wantSaid(t, c, "one", "s:one")
	wantSaid(t, d, "two", "s:two")
	wantSaid(t, c, big, "s:"+big)
	wantSaid(t, c, "", "s:")
	if n := r.Stats(model.Key{Namespace: "test", Name: "a"}).Open; n != 2 {
		t.Errorf("%d sessions, want one for each client", n)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if want := (Traffic{In: 9006, Out: 9014}); traffic != want {
		t.Errorf("traffic %+v, want %+v", traffic, want)
	}
}

func TestUDPSpread(t *testing.T) {
	at := virtualIP(t)
	mustPublish(t, newRelay(t, Config{}),
		published("a", at, []netip.AddrPort{udpServer(t, "x"), udpServer(t, "y")}, overUDP))
	got := map[string]int{}
	for range 20 {
		got[say(t, udpClient(t, at), "")]++
	}
	if got["x:"] != 10 || got["y:"] != 10 {
		t.Errorf("got %v, want 10 each", got)
	}
}

func TestUDPMovesWhenEndpointGoes(t *testing.T) {
	at := virtualIP(t)
	r := newRelay(t, Config{})
	x, y := udpServer(t, "x"), udpServer(t, "y")
	mustPublish(t, r, published("a", at, []netip.AddrPort{x}, overUDP))
	c := udpClient(t, at)
	wantSaid(t, c, "1", "x:1")
	mustPublish(t, r, published("a", at, []netip.AddrPort{y, x}, overUDP))
	wantSaid(t, c, "2", "x:2") // stays while it is ready
	mustPublish(t, r, published("a", at, []netip.AddrPort{y}, overUDP))
	wantSaid(t, c, "3", "y:3")
}

func TestUDPRefusalIsSentOn(t *testing.T) {
	dead, alive := closedPort(t), udpServer(t, "alive")
	for turn := range uint64(2) {
		at := virtualIP(t)
		mustPublish(t, newRelay(t, Config{Rand: func() uint64 { return turn }}),
			published("a", at, []netip.AddrPort{dead, alive}, overUDP))
		wantSaid(t, udpClient(t, at), "lost?", "alive:lost?")
	}
}

func TestUDPAllRefuse(t *testing.T) {
	at := virtualIP(t)
	refused := make(chan struct{}, 1)
	var failed failures
	ends := []netip.AddrPort{closedPort(t), closedPort(t)}
	r := newRelay(t, Config{Hooks: Hooks{
		ConnectFailed: failed.hook,
		Refused:       func(model.Key, model.Port) { refused <- struct{}{} },
	}})
	mustPublish(t, r, published("a", at, ends, overUDP))
	_, _ = udpClient(t, at).Write([]byte("x"))
	<-refused
	for _, end := range ends {
		if n := len(failed.of(end)); n != 1 {
			t.Errorf("%s was tried %d times, want once", end, n)
		}
	}
}

func TestUDPWithoutEndpointsIsUnreachable(t *testing.T) {
	at := virtualIP(t)
	r := newRelay(t, Config{})
	c := udpClient(t, at)
	mustPublish(t, r, published("a", at, []netip.AddrPort{udpServer(t, "s")}, overUDP))
	wantSaid(t, c, "1", "s:1")
	mustPublish(t, r, published("a", at, nil, overUDP))
	_, _ = c.Write([]byte("2"))
	if _, err := c.Read(make([]byte, 10)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("got %v, want port unreachable", err)
	}
	mustPublish(t, r, published("a", at, []netip.AddrPort{udpServer(t, "s")}, overUDP))
	wantSaid(t, c, "3", "s:3")
}

func TestUDPSessionsEnd(t *testing.T) {
	at := virtualIP(t)
	var now clock
	r := newRelay(t, Config{Now: now.now})
	mustPublish(t, r, published("a", at, []netip.AddrPort{udpServer(t, "s")}, overUDP))
	open := func() int64 { return r.Stats(model.Key{Namespace: "test", Name: "a"}).Open }
	c, stream := udpClient(t, at), udpClient(t, at)
	wantSaid(t, stream, "1", "s:1")
	now.advance(3 * time.Second)
	wantSaid(t, stream, "2", "s:2") // still there after the first answer: a stream
	wantSaid(t, c, "1", "s:1")
	now.advance(29 * time.Second)
	r.sweep(now.now())
	if n := open(); n != 2 {
		t.Errorf("%d sessions after 29 s, want 2", n)
	}
	now.advance(time.Second)
	r.sweep(now.now())
	if n := open(); n != 1 {
		t.Errorf("%d sessions after 30 s, want the stream's", n)
	}
	now.advance(90 * time.Second)
	r.sweep(now.now())
	if n := open(); n != 0 {
		t.Errorf("%d sessions after 120 s, want none", n)
	}
	wantSaid(t, c, "2", "s:2")
}

func TestUDPSessionsAreBounded(t *testing.T) {
	at := virtualIP(t)
	r := newRelay(t, Config{MaxSessions: 3})
	mustPublish(t, r, published("a", at, []netip.AddrPort{udpServer(t, "s")}, overUDP))
	first := udpClient(t, at)
	for i := range 10 {
		wantSaid(t, udpClient(t, at), "x", "s:x")
		wantSaid(t, first, fmt.Sprint(i), fmt.Sprint("s:", i))
	}
	s := r.Stats(model.Key{Namespace: "test", Name: "a"})
	if s.Open != 3 || s.Total != 11 {
		t.Errorf("%d open of %d sessions, want 3 of 11: the busy one keeps its own", s.Open, s.Total)
	}
}
