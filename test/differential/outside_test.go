//go:build linux

package differential

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/miekg/dns"
)

// outside is the DNS server that both sides forward to.
type outside struct {
	*process
	addr string
	run  func(*testing.T) *process
}

// outsideAddr is where the outside will be served. CoreDNS cannot choose a free
// port by itself, so the address is made from the test's process ID, and nobody
// else has a port there.
func outsideAddr() netip.AddrPort {
	pid := os.Getpid()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 102, byte(pid >> 8), byte(pid)}), 5300)
}

// startOutside serves testdata/outside.
func startOutside(t *testing.T, coredns string, addr netip.AddrPort) *outside {
	t.Helper()
	zones, err := filepath.Abs("testdata/outside")
	if err != nil {
		t.Fatal(err)
	}
	o := &outside{addr: addr.String()}
	o.run = func(t *testing.T) *process {
		env := []string{"ADDR=" + addr.Addr().String(), "PORT=" + strconv.Itoa(int(addr.Port())), "ZONES=" + zones}
		return start(t, "outside", coredns, env, "-conf", filepath.Join(zones, "Corefile"))
	}
	o.begin(t)
	return o
}

// begin starts the server, the first time or again after kill.
func (o *outside) begin(t *testing.T) {
	t.Helper()
	o.process = o.run(t)
	await(t, "wait for the outside DNS", o.process, func() string {
		if _, err := dns.Exchange(new(dns.Msg).SetQuestion("db.example.com.", dns.TypeA), o.addr); err != nil {
			return err.Error()
		}
		return ""
	})
}
