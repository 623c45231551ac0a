package relay

import (
	"net/netip"
	"testing"
	"time"
)

func TestAffinity(t *testing.T) {
	x, y, z := serve(t, greet("x")), serve(t, greet("y")), serve(t, greet("z"))
	all := []netip.AddrPort{x, y, z}
	other := map[string]netip.AddrPort{"x": y, "y": z, "z": x}
	at := virtualIP(t)
	var now clock
	r := newRelay(t, Config{Now: now.now})
	mustPublish(t, r, published("a", at, all, sticky(time.Hour)))

	home := ask(t, at)
	for range 5 {
		now.advance(59 * time.Minute) // each connection renews it
		if got := ask(t, at); got != home {
			t.Fatalf("moved to %q within the timeout", got)
		}
	}
	mustPublish(t, r, published("a", at, []netip.AddrPort{other[home]}, sticky(time.Hour)))
	away := ask(t, at)
	if away == home {
		t.Fatal("stayed with an endpoint that is not ready")
	}
	mustPublish(t, r, published("a", at, all, sticky(time.Hour)))
	for range 5 {
		if got := ask(t, at); got != away {
			t.Fatalf("went back to %q", got)
		}
	}
	moved := false
	for range 3 {
		now.advance(61 * time.Minute)
		moved = moved || ask(t, at) != away
	}
	if !moved {
		t.Error("stuck to its endpoint after the timeout")
	}
}

func TestAffinityMovesFromFailedEndpoint(t *testing.T) {
	alive, dead := serve(t, greet("alive")), closedPort(t)
	at := virtualIP(t)
	var failed failures
	var now clock
	r := newRelay(t, Config{Now: now.now, Hooks: Hooks{ConnectFailed: failed.hook}, Rand: func() uint64 { return 1 }})
	mustPublish(t, r, published("a", at, []netip.AddrPort{dead, alive}, sticky(time.Hour)))
	for range 4 {
		ask(t, at)
	}
	if n := len(failed.of(dead)); n != 1 {
		t.Errorf("the dead endpoint was tried %d times, want once", n)
	}
}

func TestUDPAffinity(t *testing.T) {
	at := virtualIP(t)
	mustPublish(t, newRelay(t, Config{}),
		published("a", at, []netip.AddrPort{udpServer(t, "x"), udpServer(t, "y")}, overUDP, sticky(time.Hour)))
	home := say(t, udpClient(t, at), "")
	for range 5 {
		wantSaid(t, udpClient(t, at), "", home)
	}
}

func TestAffinityIsBoundedAndSwept(t *testing.T) {
	a := affinity{max: 100}
	end := &endpoint{addr: netip.MustParseAddrPort("10.0.0.1:80")}
	start := time.Unix(0, 0)
	for i := range 1000 {
		client := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		a.prefer(client, []*endpoint{end}, start.Add(time.Duration(i)*time.Second), time.Hour)
	}
	if n := len(a.clients); n != 100 {
		t.Errorf("%d clients remembered, want 100", n)
	}
	a.sweep(start.Add(3*time.Hour), time.Hour)
	if n := len(a.clients); n != 0 {
		t.Errorf("%d clients remembered after the timeout, want none", n)
	}
}

// An endpoint that has recovered is tried by the next client that may go there,
// however often clients come that stick to another one.
func TestTrialIsLeftToAClientThatTakesIt(t *testing.T) {
	now := time.Unix(1000, 0)
	a, b := &endpoint{addr: netip.MustParseAddrPort("10.0.0.1:1")}, &endpoint{addr: netip.MustParseAddrPort("10.0.0.2:1")}
	ends := []*endpoint{a, b}
	var p picker
	s := affinity{max: 1 << 16}
	sticky, fresh := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	s.moved(sticky, a.place(), now)
	b.hold(now.Add(5 * time.Second))
	got := map[*endpoint]int{}
	for i := range 1000 {
		now = now.Add(100 * time.Millisecond)
		s.prefer(sticky, p.order(ends, now, 5*time.Second, inTurn), now, 3*time.Hour)[0].took()
		if i%70 == 0 {
			fresh = fresh.Next()
			to := s.prefer(fresh, p.order(ends, now, 5*time.Second, inTurn), now, 3*time.Hour)[0]
			to.took()
			got[to]++
		}
	}
	if got[b] == 0 {
		t.Errorf("of the new clients %d went to the one, none to the one that recovered", got[a])
	}
}
