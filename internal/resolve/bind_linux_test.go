package resolve_test

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/resolve"
)

// bind is a real DNS server, BIND, on loopback.
type bind struct {
	server
	conf string
	cmd  *exec.Cmd
}

const bindConf = `options {
	directory "%[1]s"; pid-file none; session-keyfile none; managed-keys-directory "%[1]s";
	listen-on port %[2]d { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; dnssec-validation no; empty-zones-enable no; minimal-responses yes;
	max-records-per-type 0; /* 100 otherwise */
};
controls { };
zone "example.com" { type primary; file "example.com"; };
zone "refused.test" { type primary; file "example.com"; allow-query { none; }; };
zone "broken.test" { type primary; file "none"; };
`

const bindZone = `$TTL 30
@ IN SOA ns hostmaster 1 3600 600 86400 7
@ IN NS ns
ns IN A 127.0.0.1
db IN A 10.0.1.25
brief 0 IN A 10.0.1.25
six IN AAAA fd00::25
text IN TXT "no addresses here"
to-db IN CNAME db
a IN CNAME b
b IN CNAME a
old IN DNAME new
host.new IN A 10.0.1.25
_pg._tcp 20 IN SRV 1 2 5432 Db
`

// startBIND skips the test where BIND is not installed.
func startBIND(t *testing.T) *bind {
	t.Helper()
	if _, err := exec.LookPath("named"); err != nil {
		t.Skip("named is not installed: run `make packages` as root")
	}
	b := &bind{server: *refusing(t)}
	dir := t.TempDir()
	zone := new(strings.Builder)
	zone.WriteString(bindZone)
	for i := range 200 {
		fmt.Fprintf(zone, "large IN A 10.1.0.%d\n", i)
	}
	for i := range 12 {
		fmt.Fprintf(zone, "c%d IN CNAME c%d\n", i+1, i)
	}
	zone.WriteString("c0 IN A 10.0.1.25\n")
	b.conf = filepath.Join(dir, "named.conf")
	for path, text := range map[string]string{b.conf: fmt.Sprintf(bindConf, dir, b.addr.Port()), filepath.Join(dir, "example.com"): zone.String()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.start(t)
	t.Cleanup(b.kill)
	return b
}

// start returns when the server answers.
func (b *bind) start(t *testing.T) {
	t.Helper()
	out := new(strings.Builder)
	b.cmd = exec.Command("named", "-g", "-4", "-n", "1", "-c", b.conf)
	b.cmd.Stderr = out
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r, err := dns.Exchange(new(dns.Msg).SetQuestion("example.com.", dns.TypeSOA), b.addr.String())
		if err == nil && r.Rcode == dns.RcodeSuccess {
			return
		}
		if time.Now().After(deadline) {
			b.kill()
			t.Fatalf("named does not answer: %v\n%s", err, out)
		}
	}
}

// stop has it hang. It returns when every thread does.
func (b *bind) stop(t *testing.T) {
	t.Helper()
	b.cmd.Process.Signal(syscall.SIGSTOP)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", b.cmd.Process.Pid))
		if err == nil && len(threads) > 0 && !slices.ContainsFunc(threads, runs) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("named does not stop")
		}
	}
}

// runs reports whether a thread is not stopped (proc(5)).
func runs(stat string) bool {
	text, err := os.ReadFile(stat)
	_, state, ok := strings.Cut(string(text), ") ")
	return err == nil && ok && !strings.HasPrefix(state, "T")
}

func (b *bind) kill() {
	b.cmd.Process.Kill()
	b.cmd.Wait()
}

// TestBIND: what a real server says, and how it is understood.
func TestBIND(t *testing.T) {
	b := startBIND(t)
	for _, row := range []struct {
		name  string
		qtype model.RecordType
		class model.Class
		ttl   time.Duration
		n     int // records
		alias int
	}{
		{"db.example.com", model.A, model.Answered, 30 * time.Second, 1, 0},
		{"dB.ExAmPlE.com", model.A, model.Answered, 30 * time.Second, 1, 0},
		{"six.example.com", model.AAAA, model.Answered, 30 * time.Second, 1, 0},
		{"brief.example.com", model.A, model.Answered, 0, 1, 0},
		{"large.example.com", model.A, model.Answered, 30 * time.Second, 200, 0},
		{"to-db.example.com", model.A, model.Answered, 30 * time.Second, 1, 1},
		{"host.old.example.com", model.A, model.Answered, 30 * time.Second, 1, 1},
		{"c10.example.com", model.A, model.Answered, 30 * time.Second, 1, 10},
		{"_pg._tcp.example.com", model.SRV, model.Answered, 20 * time.Second, 1, 0},
		{"db.example.com", model.AAAA, model.Empty, 7 * time.Second, 0, 0},
		{"text.example.com", model.A, model.Empty, 7 * time.Second, 0, 0},
		{"to-db.example.com", model.AAAA, model.Empty, 7 * time.Second, 0, 1},
		{"nobody.example.com", model.A, model.NotFound, 7 * time.Second, 0, 0},
		{"c12.example.com", model.A, model.ServerFailure, 0, 0, 0},
		{"a.example.com", model.A, model.ServerFailure, 0, 0, 0},
		{"db.refused.test", model.A, model.Refused, 0, 0, 0},
		{"db.elsewhere.test", model.A, model.Refused, 0, 0, 0},
		{"db.broken.test", model.A, model.ServerFailure, 0, 0, 0},
	} {
		t.Run(row.name+" "+string(row.qtype), func(t *testing.T) {
			o := lookup(t, row.name, row.qtype, &b.server)
			if n := len(o.Addrs) + len(o.Hosts); o.Class != row.class || n != row.n || o.TTL != row.ttl || len(o.Aliases) != row.alias {
				t.Errorf("got %s, %d records, TTL %s, by way of %v (%s); want %+v", o.Class, n, o.TTL, o.Aliases, o.Detail, row)
			}
		})
	}
}

// TestBINDStopsAndGoesOn: one that hangs, and one that dies, is heard again as soon as
// it is there again.
func TestBINDStopsAndGoesOn(t *testing.T) {
	b := startBIND(t)
	isTruth(t, lookup(t, "db.example.com", model.A, &b.server))

	b.stop(t)
	if o := brief(&b.server); o.Class != model.Timeout {
		t.Errorf("it is stopped, and the lookup is %s (%s)", o.Class, o.Detail)
	}
	answer := make(chan model.Observation)
	go func() {
		c := &resolve.Client{Upstream: resolve.NewUpstream([]netip.AddrPort{b.addr}, 0, time.Minute), Now: time.Now}
		answer <- c.Lookup(t.Context(), model.Question{Name: "db.example.com", Type: model.A})
	}()
	select {
	case o := <-answer:
		t.Errorf("it is stopped, and the lookup is %s (%s)", o.Class, o.Detail)
	case <-time.After(100 * time.Millisecond): // the query waits in its socket
		b.cmd.Process.Signal(syscall.SIGCONT)
		isTruth(t, <-answer)
	}

	b.kill()
	if o := lookup(t, "db.example.com", model.A, &b.server); o.Class != model.Timeout || !strings.Contains(o.Detail, "connection refused") {
		t.Errorf("it is dead, and the lookup is %s (%s)", o.Class, o.Detail)
	}
	b.start(t)
	isTruth(t, lookup(t, "db.example.com", model.A, &b.server))
}
