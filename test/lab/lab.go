package lab

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// Lab is a network of hosts. It is safe for concurrent use.
type Lab struct {
	dir string
	sw  *Host

	mu    sync.Mutex
	ports int
	last  netip.Addr
	stop  []func()
}

// prefix is the network that every host is on, as in the articles.
const prefixBits = 24

// Skip skips the test where the machine cannot hold a lab, and says what is
// missing.
func Skip(t testing.TB, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root: run the tests as root, as CI does")
	}
	for _, p := range append([]string{"ip", "nsenter", "setpriv"}, programs...) {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed: run `make packages` as root", p)
		}
	}
}

// New makes an empty network. End it with Close.
func New() (*Lab, error) {
	dir, err := os.MkdirTemp("", "fairlead-lab-")
	if err != nil {
		return nil, err
	}
	return NewIn(dir)
}

// NewIn is New with its files in a folder that exists; Close removes it. Every
// user must be able to reach it.
func NewIn(dir string) (*Lab, error) {
	// The database servers run as a user of their own and must reach their folders.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	l := &Lab{dir: dir, last: netip.MustParseAddr("10.0.1.99")}
	l.cleanup(func() { os.RemoveAll(dir) })
	var err error
	if l.sw, err = l.namespace("switch"); err != nil {
		l.Close()
		return nil, err
	}
	for _, args := range [][]string{
		{"link", "add", "br0", "type", "bridge"},
		{"link", "set", "br0", "up"},
	} {
		if err := l.sw.ip(args...); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

// Close ends every process and namespace of the lab, the latest first.
func (l *Lab) Close() {
	l.mu.Lock()
	stop := l.stop
	l.stop = nil
	l.mu.Unlock()
	for i := len(stop) - 1; i >= 0; i-- {
		stop[i]()
	}
}

func (l *Lab) cleanup(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop = append(l.stop, f)
}

// Machine adds a host with a free address, for clients.
func (l *Lab) Machine() (*Host, error) {
	l.mu.Lock()
	l.last = l.last.Next()
	addr := l.last
	l.mu.Unlock()
	return l.Host("machine-"+addr.String(), addr.String())
}

// Host adds a host with an IPv4 address in 10.0.1.0/24.
func (l *Lab) Host(name, addr string) (*Host, error) {
	h, err := l.namespace(name)
	if err != nil {
		return nil, err
	}
	h.Addr = netip.MustParseAddr(addr)
	l.mu.Lock()
	l.ports++
	h.port = fmt.Sprintf("port%d", l.ports)
	l.mu.Unlock()
	err = l.sw.ip("link", "add", h.port, "master", "br0", "type", "veth", "peer", "name", "eth0", "address", card(h.Addr), "netns", h.pid())
	if err == nil {
		err = h.Plug()
	}
	for _, args := range [][]string{
		{"addr", "add", fmt.Sprintf("%s/%d", addr, prefixBits), "dev", "eth0"},
		{"link", "set", "eth0", "up"},
		{"route", "add", "default", "dev", "eth0"},
	} {
		if err == nil {
			err = h.ip(args...)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("joining host %s to the network: %w", name, err)
	}
	return h, nil
}

// card is the hardware address of the host with an IP address. It is always the
// same, so that nobody remembers a wrong one when a host takes another's place.
func card(addr netip.Addr) string {
	b := addr.As4()
	return fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}
