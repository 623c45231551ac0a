package lab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/lab"
)

// pair is a primary and its standby, and a client of both.
type pair struct {
	t      *testing.T
	client *lab.Host
	hosts  [2]*lab.Host
	db     [2]*lab.Postgres
}

func newPair(t *testing.T) *pair {
	t.Helper()
	lab.Skip(t, "psql", "nft")
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	p := &pair{t: t, hosts: [2]*lab.Host{host(t, l, "db-a", "10.0.1.25"), host(t, l, "db-b", "10.0.1.26")}}
	if p.client, err = l.Machine(); err != nil {
		t.Fatal(err)
	}
	if p.db[0], err = p.hosts[0].Postgres("db-a"); err != nil {
		t.Fatal(err)
	}
	p.query(0, "CREATE TABLE notes (n int)")
	if err := p.db[0].Login(t.Context(), "prober", "secret"); err != nil {
		t.Fatal(err)
	}
	if p.db[1], err = p.hosts[1].Standby("db-b", p.db[0]); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pair) query(i int, sql string) string {
	p.t.Helper()
	out, err := p.db[i].Query(p.t.Context(), sql)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// ask connects from the client and returns what psql prints, its complaints
// included.
func (p *pair) ask(i int, sql string, env ...string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	args := append([]string{"env", "PGCONNECT_TIMEOUT=2", "PGDATABASE=postgres", "PGUSER=postgres"}, env...)
	cmd := p.client.Command(ctx, append(args, "psql", "-h", p.hosts[i].Addr.String(), "-XAtqc", sql)...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func (p *pair) says(i int, sql, want string, env ...string) {
	p.t.Helper()
	if got := p.ask(i, sql, env...); !strings.Contains(got, want) {
		p.t.Errorf("%s answers %q with %q, want %q in it", p.hosts[i].Name, sql, got, want)
	}
}

// within waits until the server's answer is what is wanted.
func (p *pair) within(i int, sql, want string) {
	p.t.Helper()
	var got string
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if got = p.query(i, sql); got == want {
			return
		}
	}
	p.t.Fatalf("%s answers %q with %q, want %q", p.hosts[i].Name, sql, got, want)
}

// TestReplication: what the primary takes, the standby shows and does not take
// itself, until it is promoted; then the old primary may follow it.
func TestReplication(t *testing.T) {
	p := newPair(t)
	p.query(0, "INSERT INTO notes VALUES (1)")
	p.within(1, "SELECT count(*) FROM notes", "1")
	p.says(0, "SELECT pg_is_in_recovery()", "f")
	p.says(1, "SELECT pg_is_in_recovery()", "t")
	p.says(1, "INSERT INTO notes VALUES (2)", "read-only transaction")

	for i := range p.db {
		p.says(i, "SELECT 42", "42", "PGUSER=prober", "PGPASSWORD=secret")
		p.says(i, "SELECT 42", "password authentication failed", "PGUSER=prober", "PGPASSWORD=guess")
	}

	if err := p.db[1].Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.says(1, "INSERT INTO notes VALUES (3) RETURNING n", "3")
	p.says(0, "INSERT INTO notes VALUES (4) RETURNING n", "4") // nobody told it
	if err := p.db[0].Rejoin(t.Context(), p.db[1]); err != nil {
		t.Fatal(err)
	}
	p.says(0, "SELECT n FROM notes ORDER BY n", "1\n3")
	p.says(0, "INSERT INTO notes VALUES (5)", "read-only transaction")
}

// TestServersFail: each kind of failure looks to a client as it should, and
// ends.
func TestServersFail(t *testing.T) {
	p := newPair(t)
	for _, tt := range []struct {
		name         string
		strike, heal func() error
		want         string
	}{
		{"killed", func() error { p.db[0].Kill(); return nil }, func() error {
			return errors.Join(p.db[0].Start(), p.db[0].Ready(t.Context()))
		}, "Connection refused"},
		{"paused", p.db[0].Pause, p.db[0].Resume, "timeout expired"},
		{"cut", p.hosts[0].Cut, p.hosts[0].Mend, "timeout expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.says(0, "SELECT 'here'", "here")
			if err := tt.strike(); err != nil {
				t.Fatal(err)
			}
			p.says(0, "SELECT 'here'", tt.want)
			p.says(1, "SELECT 'there'", "there")
			if err := tt.heal(); err != nil {
				t.Fatal(err)
			}
			p.says(0, "SELECT 'here'", "here")
		})
	}
}

// TestPausedConnections: those that stand hang with their server, and one that
// is paused ends with the lab.
func TestPausedConnections(t *testing.T) {
	p := newPair(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := p.client.Command(ctx, "psql", "-h", "10.0.1.25", "-U", "postgres", "-XAtqc", "SELECT pg_backend_pid(), pg_sleep(600)")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	p.within(0, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(600)' AND pid <> pg_backend_pid()", "1")

	before := stopped(t)
	if err := p.db[0].Pause(); err != nil {
		t.Fatal(err)
	}
	// The first process, its helpers, and the one that serves the client.
	if n := stopped(t) - before; n < 5 {
		t.Errorf("%d processes have stopped, want the server's first one and all others", n)
	}
	select {
	case err := <-ended:
		t.Errorf("the client of a paused server has ended: %v", err)
	default:
	}
	p.db[0].Kill()
	if err := <-ended; err == nil {
		t.Error("the client ended well, though its server was killed")
	}
	if n := stopped(t) - before; n != 0 {
		t.Errorf("%d stopped processes outlive their server", n)
	}
}

// stopped counts the machine's stopped processes of PostgreSQL.
func stopped(t *testing.T) (n int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), "(postgres) T ") {
			n++
		}
	}
	return n
}

// TestNoReset: a host that is cut off is silent to those who are connected, too,
// and reaches nobody itself.
func TestNoReset(t *testing.T) {
	p := newPair(t)
	conn, err := p.client.Dial(t.Context(), "tcp", "10.0.1.25:5432")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := p.hosts[0].Cut(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil { // SSLRequest, which is always answered
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading from a host that is cut off: %v, want a timeout", err)
	}
	out, err := p.hosts[0].Output(t.Context(), "psql", "-h", "10.0.1.26", "-U", "postgres", "-XAtqc", "SELECT 1", "connect_timeout=2 dbname=postgres")
	if err == nil {
		t.Errorf("a host that is cut off reaches another: %s", out)
	}
	if got := p.query(0, "SELECT 'alive'"); got != "alive" {
		t.Errorf("on the host itself the server says %q", got)
	}
	if err := p.hosts[0].Mend(); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 1)
	if _, err := conn.Read(answer); err != nil || answer[0] != 'N' {
		t.Errorf("mended, the connection says %s, %v; want N", fmt.Sprintf("%q", answer), err)
	}
}
