package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// virtualIPs counts the addresses that tests took, so that each has its own.
var virtualIPs atomic.Uint32

// virtualIP returns an address of 127.97.0.0/16 with a port that is free there.
func virtualIP(t testing.TB) netip.AddrPort {
	t.Helper()
	n := virtualIPs.Add(1)
	ip := netip.AddrFrom4([4]byte{127, 97, byte(1 + n>>8), byte(n)})
	ln, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// edit changes the service that published makes.
type edit func(*model.Published)

// published is a service with one TCP port at a virtual IP and ready endpoints.
func published(name string, at netip.AddrPort, endpoints []netip.AddrPort, edits ...edit) *model.Published {
	port := model.Port{Name: "p", Protocol: model.TCP, Port: at.Port()}
	p := &model.Published{Service: model.Service{
		Key: model.Key{Namespace: "test", Name: name}, Type: model.ClusterIP,
		ClusterIPs: []netip.Addr{at.Addr()}, Ports: []model.Port{port},
	}}
	for _, e := range endpoints {
		p.Decision.Endpoints = append(p.Decision.Endpoints, model.Endpoint{
			Addr: e.Addr(), Ready: true,
			Ports: []model.EndpointPort{{Name: "p", Protocol: model.TCP, Port: e.Port()}},
		})
	}
	for _, e := range edits {
		e(p)
	}
	return p
}

// overUDP turns the service's ports to UDP.
func overUDP(p *model.Published) {
	for i := range p.Service.Ports {
		p.Service.Ports[i].Protocol = model.UDP
	}
	for _, e := range p.Decision.Endpoints {
		for i := range e.Ports {
			e.Ports[i].Protocol = model.UDP
		}
	}
}

func sticky(timeout time.Duration) edit {
	return func(p *model.Published) { p.Service.SessionAffinity = timeout }
}

func snapshot(services ...*model.Published) *model.Snapshot {
	return model.NewSnapshot("cluster.local", []string{"test"}, services, nil)
}

// newRelay returns a relay that is closed when the test ends, within which time
// nothing of it may be stuck.
func newRelay(t testing.TB, cfg Config) *Relay {
	r := New(cfg)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = r.Close(ctx)
	})
	return r
}

// mustPublish publishes services, all of which must stand.
func mustPublish(t testing.TB, r *Relay, services ...*model.Published) {
	t.Helper()
	if faults := r.Publish(snapshot(services...)); len(faults) > 0 {
		t.Fatalf("faults: %v", faults)
	}
}

// serve runs handle for each connection to a listener of its own. Connections
// are closed when handle returns or the test ends.
func serve(t testing.TB, handle func(*net.TCPConn)) netip.AddrPort {
	t.Helper()
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.AcceptTCP()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil { // in a test that lets files run out
				continue
			}
			stop := context.AfterFunc(t.Context(), func() { c.Close() })
			go func() {
				defer stop()
				defer c.Close()
				handle(c)
			}()
		}
	}()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

func echo(c *net.TCPConn) { _, _ = io.Copy(c, c) }

// greet says a name and ends.
func greet(name string) func(*net.TCPConn) {
	return func(c *net.TCPConn) { fmt.Fprint(c, name) }
}

// closedPort returns an address at which nobody listens.
func closedPort(t testing.TB) netip.AddrPort {
	t.Helper()
	return virtualIP(t)
}

func dial(t testing.TB, at netip.AddrPort) *net.TCPConn {
	t.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// ask returns what at says until it ends.
func ask(t testing.TB, at netip.AddrPort) string {
	t.Helper()
	c := dial(t, at)
	defer c.Close()
	said, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

// roundTrip sends a word to an echo and waits for it.
func roundTrip(t testing.TB, c io.ReadWriter, word string) {
	t.Helper()
	if _, err := io.WriteString(c, word); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(word))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != word {
		t.Fatalf("got %q, %v; want %q", got, err, word)
	}
}

// wantReset fails unless c ends with a reset.
func wantReset(t testing.TB, c io.Reader) {
	t.Helper()
	if _, err := io.Copy(io.Discard, c); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("connection ended with %v, want a reset", err)
	}
}

// wantRefused fails unless the kernel refuses connections to at.
func wantRefused(t testing.TB, at netip.AddrPort) {
	t.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(at))
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("dial %s: %v, want it refused", at, err)
	}
}

// eventually waits for what another goroutine brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not come about that %s", what)
		}
	}
}

// clock is a time that tests set.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1e9, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }
