package relay

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// idleRelay has one connection through it, and is swept by the test alone.
func idleRelay(t *testing.T, handle func(*net.TCPConn)) (*Relay, *clock, *net.TCPConn) {
	t.Helper()
	now := new(clock)
	r := newRelay(t, Config{Now: now.now, IdleTimeout: 24 * time.Hour, HalfClosedTimeout: time.Hour})
	at := virtualIP(t)
	mustPublish(t, r, published("a", at, []netip.AddrPort{serve(t, handle)}))
	return r, now, dial(t, at)
}

// pass sweeps, lets d pass, and sweeps again.
func pass(r *Relay, now *clock, d time.Duration) {
	r.sweep(now.now())
	now.advance(d)
	r.sweep(now.now())
}

// counted waits until the connection has counted n bytes, both ways together: a
// peer may have them a moment before.
func counted(t *testing.T, r *Relay, n int) {
	t.Helper()
	eventually(t, "the bytes are counted", func() bool {
		all := r.tunnels.list()
		return len(all) == 1 && all[0].(*tunnel).up.moved.Load()+all[0].(*tunnel).down.moved.Load() == int64(n)
	})
}

func TestSilentConnectionIsCut(t *testing.T) {
	ended := make(chan error, 1)
	r, now, c := idleRelay(t, func(c *net.TCPConn) {
		_, err := io.Copy(c, c)
		ended <- err
	})
	roundTrip(t, c, "hello")
	counted(t, r, 10)
	pass(r, now, 23*time.Hour)
	roundTrip(t, c, "again") // renews it
	counted(t, r, 20)
	pass(r, now, 23*time.Hour)
	roundTrip(t, c, "still")
	counted(t, r, 30)
	pass(r, now, 24*time.Hour)
	wantReset(t, c)
	if err := <-ended; err == nil {
		t.Error("the endpoint saw an end, want a reset")
	}
}

func TestEitherDirectionKeepsAConnection(t *testing.T) {
	more := make(chan struct{})
	r, now, c := idleRelay(t, func(c *net.TCPConn) { // speaks, and hears nothing
		for range more {
			_, _ = io.WriteString(c, "x")
		}
	})
	defer close(more)
	for n := range 5 {
		more <- struct{}{}
		_, _ = io.ReadFull(c, make([]byte, 1))
		counted(t, r, n+1)
		pass(r, now, 23*time.Hour)
	}
	if n := len(r.tunnels.list()); n != 1 {
		t.Fatalf("%d connections stand, want 1", n)
	}
	pass(r, now, 24*time.Hour)
	wantReset(t, c)
}

func TestHalfClosedConnectionIsCutSooner(t *testing.T) {
	r, now, c := idleRelay(t, func(c *net.TCPConn) {
		_, _ = io.Copy(io.Discard, c)
		_, _ = io.WriteString(c, "x") // says that the end came through
		<-t.Context().Done()
	})
	_ = c.CloseWrite()
	_, _ = io.ReadFull(c, make([]byte, 1))
	counted(t, r, 1)
	pass(r, now, 59*time.Minute)
	if n := len(r.tunnels.list()); n != 1 {
		t.Fatalf("%d connections stand, want 1", n)
	}
	pass(r, now, time.Hour)
	wantReset(t, c)
}

// A client that never reads cannot hold a connection by sending now and then.
func TestReaderWhoNeverReadsIsCut(t *testing.T) {
	heard, ended := make(chan struct{}), make(chan struct{})
	r, now, c := idleRelay(t, func(c *net.TCPConn) {
		defer close(ended)
		go func() { _, _ = io.Copy(c, zeros{}) }()
		b := make([]byte, 1)
		for {
			if _, err := io.ReadFull(c, b); err != nil {
				return
			}
			heard <- struct{}{}
		}
	})
	eventually(t, "the client's buffers are full", func() bool {
		all := r.tunnels.list()
		return len(all) == 1 && all[0].(*tunnel).down.stuck.Load()
	})
	eventually(t, "the connection is cut", func() bool {
		_, _ = io.WriteString(c, "x")
		select {
		case <-heard:
		case <-ended:
		}
		now.advance(12 * time.Hour)
		r.sweep(now.now())
		return len(r.tunnels.list()) == 0
	})
}

func TestKeepAliveIsOn(t *testing.T) {
	r, now, c := idleRelay(t, echo)
	roundTrip(t, c, "hello")
	r.sweep(now.now())
	stands := r.tunnels.list()[0].(*tunnel)
	for _, s := range []*socket{stands.client, stands.server} {
		for what, option := range tcpOptions() {
			got := -1
			_ = s.raw.Control(func(fd uintptr) { got = option(int(fd)) })
			if got <= 0 {
				t.Errorf("%s is %d", what, got)
			}
		}
	}
}
