//go:build linux

package differential

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
)

// outside is the DNS server that both sides forward to.
type outside struct {
	*process
	addr string
	run  func(*testing.T) *process
}

// startOutside serves testdata/outside. Its address is made from the test's
// process ID, so that a fixed port is free there.
func startOutside(t *testing.T, coredns string) *outside {
	t.Helper()
	zones, err := filepath.Abs("testdata/outside")
	if err != nil {
		t.Fatal(err)
	}
	pid := os.Getpid()
	ip := fmt.Sprintf("127.102.%d.%d", pid>>8&0xff, pid&0xff)
	o := &outside{addr: ip + ":5300"}
	o.run = func(t *testing.T) *process {
		env := []string{"ADDR=" + ip, "PORT=5300", "ZONES=" + zones}
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
