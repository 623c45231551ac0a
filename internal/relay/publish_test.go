package relay

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"fairlead.dev/internal/model"
)

// wantFault fails unless there is one fault, for that service and reason, whose
// message has each of parts.
func wantFault(t *testing.T, faults []model.Fault, name, reason string, parts ...string) {
	t.Helper()
	if len(faults) != 1 || faults[0].Key.Name != name || faults[0].Reason != reason {
		t.Fatalf("faults %+v, want one of %s for %s", faults, reason, name)
	}
	for _, part := range parts {
		if !strings.Contains(faults[0].Message, part) {
			t.Errorf("message %q lacks %q", faults[0].Message, part)
		}
	}
}

func TestTakenPortAndItsRecovery(t *testing.T) {
	taken, free := virtualIP(t), virtualIP(t)
	holder, err := net.Listen("tcp", taken.String())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	end := []netip.AddrPort{serve(t, greet("hello"))}
	s := snapshot(published("bad", taken, end), published("good", free, end))
	r := newRelay(t, Config{})

	port := fmt.Sprint(taken.Port())
	wantFault(t, r.Publish(s), "bad", PortTaken, taken.String()+"/TCP", "`ss -Hlntup sport = :"+port+"`")
	if got := ask(t, free); got != "hello" {
		t.Fatalf("the other service says %q", got)
	}
	holder.Close()
	if faults := r.Publish(s); len(faults) > 0 {
		t.Fatalf("faults: %v", faults)
	}
	if got := ask(t, taken); got != "hello" {
		t.Fatalf("got %q", got)
	}
}

func TestAddressThatIsNotLocal(t *testing.T) {
	for addr, fix := range map[string]string{
		"192.0.2.1":  "192.0.2.1",
		"2001:db8::": "2001:db8::",
	} {
		at := netip.AddrPortFrom(netip.MustParseAddr(addr), 8080)
		got := newRelay(t, Config{}).Publish(snapshot(published("a", at, []netip.AddrPort{closedPort(t)})))
		if len(got) == 1 && got[0].Reason == ListenFailed && strings.Contains(got[0].Message, "not supported") {
			t.Logf("no IPv6 here: %v", got)
			continue
		}
		wantFault(t, got, "a", AddressNotLocal, fix)
	}
}

func TestOneFaultForEachService(t *testing.T) {
	taken := virtualIP(t)
	holder, err := net.Listen("tcp", taken.String())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	p := published("bad", taken, []netip.AddrPort{closedPort(t)}, func(p *model.Published) {
		p.Service.Ports = append(p.Service.Ports, model.Port{Name: "s", Protocol: model.SCTP, Port: 9})
	})
	wantFault(t, newRelay(t, Config{}).Publish(snapshot(p)), "bad", PortTaken, "another program", "s:9/SCTP", "only TCP and UDP")
}

func TestTooManyOpenFiles(t *testing.T) {
	s := snapshot(published("a", virtualIP(t), []netip.AddrPort{serve(t, greet("hello"))}))
	r := newRelay(t, Config{})
	r.Publish(snapshot())
	restore := noMoreFiles(t)
	faults := r.Publish(s)
	restore()
	wantFault(t, faults, "a", TooManyOpenFiles, "ulimit -n")
	if faults := r.Publish(s); len(faults) > 0 {
		t.Fatalf("faults: %v", faults)
	}
}

// Running out of files while accepting costs the listener a pause, not its life.
func TestAcceptOutlivesLackOfFiles(t *testing.T) {
	at := virtualIP(t)
	failed := make(chan error, 100)
	r := newRelay(t, Config{Hooks: Hooks{AcceptFailed: func(_ model.Key, _ model.Port, err error) {
		select {
		case failed <- err:
		default:
		}
	}}})
	mustPublish(t, r, published("a", at, []netip.AddrPort{serve(t, echo)}))
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	_, sa := sockaddr(at)

	restore := noMoreFiles(t)
	err = unix.Connect(fd, sa)
	<-failed
	<-failed
	restore()
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, rawFile(fd), "hello")
}

// rawFile reads and writes a blocking descriptor.
type rawFile int

func (f rawFile) Read(b []byte) (int, error)  { return unix.Read(int(f), b) }
func (f rawFile) Write(b []byte) (int, error) { return unix.Write(int(f), b) }

// noMoreFiles keeps the process from opening any until the returned func is called.
func noMoreFiles(t *testing.T) (restore func()) {
	t.Helper()
	var had unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &had); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: had.Max}); err != nil {
		t.Skip(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &had); err != nil {
			t.Error(err)
		}
	}
}

func TestPublishManyServices(t *testing.T) {
	const services = 10_000
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < services+500 {
		t.Skipf("only %d files may be open", limit.Cur)
	}
	many := manyServices(services, serve(t, greet("hello")))
	r := newRelay(t, Config{})
	mustPublish(t, r, many...)
	before := listenersOf(r)
	mustPublish(t, r, append(many[:0:0], many[1:]...)...)
	after := listenersOf(r)
	if len(before) != services || len(after) != services-1 {
		t.Fatalf("%d, then %d listeners", len(before), len(after))
	}
	for at, l := range after {
		if before[at] != l {
			t.Fatalf("%s was made anew", at)
		}
	}
	if got := ask(t, netip.AddrPortFrom(many[services-2].Service.ClusterIPs[0], 7097)); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// manyServices are TCP and UDP ones in turn, each with an address of its own.
func manyServices(n int, end netip.AddrPort) []*model.Published {
	many := make([]*model.Published, n)
	for i := range many {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 97, 128 + byte(i>>8), byte(i)}), 7097)
		many[i] = published(fmt.Sprintf("s%05d", i), at, []netip.AddrPort{end})
		if i%2 == 1 {
			overUDP(many[i])
		}
	}
	return many
}

// BenchmarkPublish has 10,000 services stand, and publishes them again with
// another endpoint for one of them.
func BenchmarkPublish(b *testing.B) {
	ends := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:2")}
	many := manyServices(10_000, ends[0])
	s := snapshot(many...)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			r := New(Config{})
			mustPublish(b, r, many...)
			b.StopTimer()
			_ = r.Close(b.Context())
			b.StartTimer()
		}
	})
	b.Run("again", func(b *testing.B) {
		r := newRelay(b, Config{})
		mustPublish(b, r, many...)
		for i := 0; b.Loop(); i++ {
			s.Services[5000] = published("s05000", netip.MustParseAddrPort("127.97.147.136:7097"), ends[i%2:i%2+1])
			r.Publish(s)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapInuse+m.StackInuse)/(1<<20), "MiB")
	})
}

func listenersOf(r *Relay) map[slot]listener {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[slot]listener, len(r.listeners))
	for at, l := range r.listeners {
		all[at] = l
	}
	return all
}
