package relay

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestPrivilegedPort(t *testing.T) {
	at := netip.AddrPortFrom(virtualIP(t).Addr(), 97)
	s := snapshot(published("a", at, []netip.AddrPort{serve(t, greet("hello"))}))
	r := newRelay(t, Config{})
	runtime.LockOSThread() // never unlocked: the thread and what it lost end with the test
	if err := dropCapabilities(); err != nil {
		t.Skip(err)
	}
	if start, _ := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); string(start) != "1024\n" {
		t.Skip("anybody may listen on low ports here")
	}
	wantFault(t, r.Publish(s), "a", PortNotPermitted, at.String()+"/TCP",
		"`sysctl -w net.ipv4.ip_unprivileged_port_start=0`", "`setcap cap_net_bind_service=+ep`")
}

// dropCapabilities takes all privileges from the calling thread.
func dropCapabilities() error {
	var none [2]unix.CapUserData
	return unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
}

// An IPv6 virtual IP that only a local route makes ours, in a network namespace
// of the test's own.
func TestIPv6BehindLocalRoute(t *testing.T) {
	end := serve(t, greet("hello"))
	at := netip.MustParseAddrPort("[fd97::5]:8080")
	r := newRelay(t, Config{})
	runtime.LockOSThread() // never unlocked: the thread and its network end with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip(err)
	}
	ip := func(args ...string) {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Skipf("ip: %v: %s", err, out)
		}
	}
	ip("link", "set", "lo", "up")
	s := snapshot(published("a", at, []netip.AddrPort{end}))
	wantFault(t, r.Publish(s), "a", AddressNotLocal, "`ip -6 route add local fd97::5/128 dev lo`")
	ip("-6", "route", "add", "local", "fd97::/64", "dev", "lo")
	mustPublish(t, r, s.Services...)
	if got := ask(t, at); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// A connect to a port that nobody has may meet itself. In a network with a single
// port for outgoing connections it always does.
func TestConnectDoesNotMeetItself(t *testing.T) {
	runtime.LockOSThread() // never unlocked: the thread and its network end with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40000"), 0); err != nil {
		t.Skip(err)
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Skipf("ip: %v: %s", err, out)
	}
	a := begin(&endpoint{addr: netip.MustParseAddrPort("127.0.0.1:40000")})
	if a.err == nil {
		a.err = a.wait(time.Second)
	}
	if !errors.Is(a.err, errSelf) {
		t.Errorf("connected with %v, want %v", a.err, errSelf)
	}
	if a.sock != nil {
		a.sock.close()
	}
}

func TestLocalPrefix(t *testing.T) {
	for line, want := range map[string]string{
		"fd970000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000002 00000000 80000001       lo": "fd97::/64",
		"00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000003 00000000 80200001       lo": "::1/128",
		"fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0": "",
		"fd97 40 0 0 0 0 0 0 80000001 lo": "",
		"":                                "",
	} {
		got := ""
		if p, ok := localPrefix(line); ok {
			got = p.String()
		}
		if got != want {
			t.Errorf("%.40q: got %q, want %q", line, got, want)
		}
	}
}
