package relay

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fairlead.dev/internal/model"
)

// failures gathers the connects that failed.
type failures struct {
	mu   sync.Mutex
	errs map[netip.AddrPort][]error
}

func (f *failures) hook(_ model.Key, _ model.Port, end netip.AddrPort, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.errs == nil {
		f.errs = make(map[netip.AddrPort][]error)
	}
	f.errs[end] = append(f.errs[end], err)
}

func (f *failures) of(end netip.AddrPort) []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.errs[end]
}

// hanging returns an address at which connects neither succeed nor fail: its
// listener never accepts and its backlog is full.
func hanging(t *testing.T) netip.AddrPort {
	t.Helper()
	at, _ := crowded(t)
	return at
}

// crowded is hanging, and also returns the listener, which may begin to accept.
func crowded(t *testing.T) (netip.AddrPort, int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := errors.Join(
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
		unix.Listen(fd, 0),
	); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	at := addrPort(sa)
	for range 10 {
		c, err := net.DialTimeout("tcp", at.String(), 50*time.Millisecond)
		if err != nil {
			return at, fd
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this system takes connections beyond the backlog")
	return at, fd
}

func TestRefusedConnectMovesOn(t *testing.T) {
	dead, alive := closedPort(t), serve(t, greet("alive"))
	at := virtualIP(t)
	var failed failures
	var now clock
	r := newRelay(t, Config{Now: now.now, Hooks: Hooks{ConnectFailed: failed.hook}})
	mustPublish(t, r, published("a", at, []netip.AddrPort{dead, alive}))
	for range 50 {
		if got := ask(t, at); got != "alive" {
			t.Fatalf("got %q", got)
		}
	}
	if errs := failed.of(dead); len(errs) != 1 || !errors.Is(errs[0], unix.ECONNREFUSED) {
		t.Errorf("failures: %v, want one refusal, after which it is tried last", errs)
	}
	now.advance(time.Minute)
	for range 50 {
		ask(t, at)
	}
	if n := len(failed.of(dead)); n != 2 {
		t.Errorf("%d failures, want a second one after the hold", n)
	}
	if n := r.Stats(model.Key{Namespace: "test", Name: "a"}).ConnectFailed; n != 2 {
		t.Errorf("stats count %d failures, want 2", n)
	}
}

func TestHangingConnectIsOvertaken(t *testing.T) {
	hangs, alive := hanging(t), serve(t, greet("alive"))
	at := virtualIP(t)
	var failed failures
	var now clock
	// The connect timeout is longer than any test: only the race gets past it.
	r := newRelay(t, Config{
		Now: now.now, ConnectDelay: 20 * time.Millisecond, ConnectTimeout: time.Hour,
		Hooks: Hooks{ConnectFailed: failed.hook},
	})
	mustPublish(t, r, published("a", at, []netip.AddrPort{hangs, alive}))
	for range 50 {
		if got := ask(t, at); got != "alive" {
			t.Fatalf("got %q", got)
		}
	}
	if errs := failed.of(hangs); len(errs) != 1 || !errors.Is(errs[0], errOvertaken) {
		t.Errorf("failures: %v, want that it was overtaken once and then tried last", errs)
	}
	if errs := failed.of(alive); len(errs) > 0 {
		t.Errorf("failures of the other: %v", errs)
	}
}

func TestSeveralHangingConnectsAreOvertaken(t *testing.T) {
	at := virtualIP(t)
	r := newRelay(t, Config{ConnectDelay: 20 * time.Millisecond, ConnectTimeout: time.Hour, Rand: func() uint64 { return 2 }})
	mustPublish(t, r, published("a", at, []netip.AddrPort{hanging(t), hanging(t), serve(t, greet("alive"))}))
	if got := ask(t, at); got != "alive" {
		t.Fatalf("got %q", got)
	}
}

// While one connect hangs, a refusal beside it goes on at once with the next.
func TestRaceGoesOnAfterRefusal(t *testing.T) {
	hangs, dead, alive := hanging(t), closedPort(t), serve(t, greet("alive"))
	at := virtualIP(t)
	r := newRelay(t, Config{
		ConnectDelay: 20 * time.Millisecond, ConnectTimeout: time.Hour,
		Rand: func() uint64 { return 2 }, // turn 3 of 3 endpoints begins with the first
	})
	mustPublish(t, r, published("a", at, []netip.AddrPort{hangs, dead, alive}))
	if got := ask(t, at); got != "alive" {
		t.Fatalf("got %q", got)
	}
}

func TestAllEndpointsFail(t *testing.T) {
	for name, ends := range map[string][]netip.AddrPort{
		"refused": {closedPort(t), closedPort(t)},
		"hanging": {hanging(t), hanging(t)},
		"one":     {closedPort(t)},
	} {
		t.Run(name, func(t *testing.T) {
			at := virtualIP(t)
			refused := make(chan model.Key, 1)
			r := newRelay(t, Config{
				ConnectDelay: time.Millisecond, ConnectTimeout: 50 * time.Millisecond,
				Hooks: Hooks{Refused: func(k model.Key, _ model.Port) { refused <- k }},
			})
			mustPublish(t, r, published("a", at, ends))
			c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(at))
			if err == nil {
				defer c.Close()
				wantReset(t, c)
			} else if !errors.Is(err, unix.ECONNRESET) {
				t.Error(err) // the reset may be there before dial returns
			}
			if got := (<-refused).Name; got != "a" {
				t.Errorf("refused for %q", got)
			}
		})
	}
}

// Close does not wait for a connect that hangs.
func TestCloseDuringConnect(t *testing.T) {
	hangs := hanging(t)
	at := virtualIP(t)
	r := New(Config{ConnectDelay: time.Millisecond, ConnectTimeout: time.Hour, DrainTimeout: time.Millisecond})
	mustPublish(t, r, published("a", at, []netip.AddrPort{hangs}))
	c := dial(t, at)
	eventually(t, "the connection is accepted", func() bool { return len(r.tunnels.list()) == 1 })
	if err := r.Close(t.Context()); err == nil {
		t.Error("no error although a connection was cut")
	}
	wantReset(t, c)
}
