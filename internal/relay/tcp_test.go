package relay

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

func TestSpreadIsEven(t *testing.T) {
	var hits [2]atomic.Int64
	var ends []netip.AddrPort
	for i := range hits {
		ends = append(ends, serve(t, func(*net.TCPConn) { hits[i].Add(1) }))
	}
	at := virtualIP(t)
	mustPublish(t, newRelay(t, Config{}), published("a", at, ends))

	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for range 50 {
				c, err := net.Dial("tcp", at.String())
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}
		})
	}
	clients.Wait()
	for i := range hits {
		if n := hits[i].Load(); n < 450 || n > 550 {
			t.Errorf("endpoint %d got %d of 1000 connections, want 500 +- 10 %%", i, n)
		}
	}
}

func TestHalfCloseByClient(t *testing.T) {
	end := serve(t, func(c *net.TCPConn) {
		said, _ := io.ReadAll(c) // ends only once the client's end comes through
		_, _ = c.Write(bytes.ToUpper(said))
	})
	at := virtualIP(t)
	mustPublish(t, newRelay(t, Config{}), published("a", at, []netip.AddrPort{end}))
	c := dial(t, at)
	_, _ = io.WriteString(c, "question")
	_ = c.CloseWrite()
	if got, err := io.ReadAll(c); err != nil || string(got) != "QUESTION" {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestHalfCloseByServer(t *testing.T) {
	heard := make(chan string, 1)
	end := serve(t, func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "greeting")
		_ = c.CloseWrite()
		said, _ := io.ReadAll(c)
		heard <- string(said)
	})
	at := virtualIP(t)
	mustPublish(t, newRelay(t, Config{}), published("a", at, []netip.AddrPort{end}))
	c := dial(t, at)
	if got, err := io.ReadAll(c); err != nil || string(got) != "greeting" {
		t.Fatalf("got %q, %v", got, err)
	}
	_, _ = io.WriteString(c, "answer")
	_ = c.CloseWrite()
	if got := <-heard; got != "answer" {
		t.Fatalf("server heard %q", got)
	}
}

func TestResetByServer(t *testing.T) {
	end := serve(t, func(c *net.TCPConn) {
		_, _ = io.ReadFull(c, make([]byte, 2))
		_ = c.SetLinger(0)
	})
	at := virtualIP(t)
	mustPublish(t, newRelay(t, Config{}), published("a", at, []netip.AddrPort{end}))
	c := dial(t, at)
	_, _ = io.WriteString(c, "hi")
	wantReset(t, c)
}

func TestResetByClient(t *testing.T) {
	ended := make(chan error, 1)
	end := serve(t, func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "hi")
		_, err := io.Copy(io.Discard, c)
		ended <- err
	})
	at := virtualIP(t)
	mustPublish(t, newRelay(t, Config{}), published("a", at, []netip.AddrPort{end}))
	c := dial(t, at)
	_, _ = io.ReadFull(c, make([]byte, 2))
	_ = c.SetLinger(0)
	_ = c.Close()
	if err := <-ended; err == nil {
		t.Fatal("the server saw an end, want a reset")
	}
}

// A reset while the relay is blocked writing is not mistaken for an end.
func TestResetWhileClientSends(t *testing.T) {
	reset := make(chan struct{})
	end := serve(t, func(c *net.TCPConn) {
		<-reset
		_ = c.SetLinger(0)
	})
	at := virtualIP(t)
	r := newRelay(t, Config{})
	mustPublish(t, r, published("a", at, []netip.AddrPort{end}))
	c := dial(t, at)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.Copy(c, zeros{})
	}()
	eventually(t, "the endpoint's buffers are full", func() bool {
		all := r.tunnels.list()
		return len(all) == 1 && all[0].(*tunnel).up.stuck.Load()
	})
	_ = c.SetWriteDeadline(time.Now())
	<-sent // or writing would take the error away from reading
	close(reset)
	wantReset(t, c)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestListenerFollowsEndpoints(t *testing.T) {
	end := serve(t, greet("hello"))
	at := virtualIP(t)
	r := newRelay(t, Config{})
	mustPublish(t, r, published("a", at, nil))
	wantRefused(t, at)
	mustPublish(t, r, published("a", at, []netip.AddrPort{end}))
	if got := ask(t, at); got != "hello" {
		t.Fatalf("got %q", got)
	}
	mustPublish(t, r, published("a", at, []netip.AddrPort{end}, func(p *model.Published) {
		p.Decision.Endpoints[0].Ready = false
	}))
	wantRefused(t, at)
	mustPublish(t, r, published("a", at, []netip.AddrPort{end}))
	if got := ask(t, at); got != "hello" {
		t.Fatalf("got %q", got)
	}
	mustPublish(t, r)
	wantRefused(t, at)
}

func TestConnectionSurvivesEdits(t *testing.T) {
	first, second := serve(t, echo), serve(t, greet("second"))
	at := virtualIP(t)
	r := newRelay(t, Config{})
	mustPublish(t, r, published("a", at, []netip.AddrPort{first}))
	c := dial(t, at)
	roundTrip(t, c, "one")

	mustPublish(t, r, published("a", at, []netip.AddrPort{second}))
	roundTrip(t, c, "two")
	if got := ask(t, at); got != "second" {
		t.Fatalf("a new connection got %q, want the second endpoint", got)
	}
	mustPublish(t, r)
	roundTrip(t, c, "three")
	wantRefused(t, at)
	eventually(t, "one connection is open", func() bool {
		return r.Stats(model.Key{Namespace: "test", Name: "a"}).Open == 1
	})
}

// Where an address changes hands, its listener goes on for the new service.
func TestAddressMovesToAnotherService(t *testing.T) {
	at := virtualIP(t)
	r := newRelay(t, Config{})
	mustPublish(t, r, published("a", at, []netip.AddrPort{serve(t, greet("a"))}))
	mustPublish(t, r, published("b", at, []netip.AddrPort{serve(t, greet("b"))}))
	if got := ask(t, at); got != "b" {
		t.Fatalf("got %q", got)
	}
}
