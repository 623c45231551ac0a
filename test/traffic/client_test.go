package traffic_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/lab"
	"fairlead.dev/test/traffic"
)

// site is a primary and a standby with the client's table, and a machine for the
// client.
type site struct {
	t       *testing.T
	machine *lab.Host
	hosts   [2]*lab.Host
	db      [2]*lab.Postgres
}

func newSite(t *testing.T) *site {
	t.Helper()
	lab.Skip(t, "psql", "nft")
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	s := &site{t: t}
	for i, name := range []string{"db-a", "db-b"} {
		if s.hosts[i], err = l.Host(name, fmt.Sprintf("10.0.1.%d", 25+i)); err != nil {
			t.Fatal(err)
		}
	}
	if s.machine, err = l.Machine(); err != nil {
		t.Fatal(err)
	}
	if s.db[0], err = s.hosts[0].Postgres("db-a", "max_connections=40"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db[0].Query(t.Context(), "CREATE TABLE traffic (seq int PRIMARY KEY); CREATE ROLE app LOGIN; GRANT INSERT ON traffic TO app"); err != nil {
		t.Fatal(err)
	}
	if s.db[1], err = s.hosts[1].Standby("db-b", s.db[0], "max_connections=40"); err != nil {
		t.Fatal(err)
	}
	return s
}

// client connects to a literal address.
func (s *site) client(addr string) *traffic.Run {
	run := traffic.Client{
		Dial: s.dial(addr), Every: 20 * time.Millisecond, Timeout: time.Second,
		User: "app", Database: "postgres", Table: "traffic",
	}.Start(s.t.Context())
	return run
}

func (s *site) dial(addr string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return s.machine.Dial(ctx, "tcp", addr) }
}

// sees waits until so many connections since a time ended in one way.
func (s *site) sees(run *traffic.Run, since time.Time, n int, want traffic.Outcome) {
	s.t.Helper()
	var l traffic.Log
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if l = run.Log().Since(since); l.Outcomes()[want] >= n {
			return
		}
	}
	s.t.Fatalf("want %d connections that end with %s; there are\n%s", n, want, l)
}

// TestOutcomes: what happens to real servers is told as what it is.
func TestOutcomes(t *testing.T) {
	s := newSite(t)
	var release func()
	for _, tt := range []struct {
		name         string
		addr         string
		strike, heal func() error
		want         traffic.Outcome
		code         string
	}{
		{name: "well", addr: "10.0.1.25:5432", want: traffic.OK},
		{name: "a standby", addr: "10.0.1.26:5432", want: traffic.ReadOnly, code: "25006"},
		{name: "nothing listens", addr: "10.0.1.25:5433", want: traffic.Refused},
		{name: "hangs", addr: "10.0.1.26:5432", strike: s.db[1].Pause, heal: s.db[1].Resume, want: traffic.Timeout},
		{name: "cut off", addr: "10.0.1.26:5432", strike: s.hosts[1].Cut, heal: s.hosts[1].Mend, want: traffic.Timeout},
		{
			name: "full", addr: "10.0.1.25:5432", want: traffic.Rejected, code: "53300",
			strike: func() (err error) {
				release, err = traffic.Occupy(t.Context(), s.dial("10.0.1.25:5432"), "postgres", "postgres")
				return err
			},
			heal: func() error { release(); return nil },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.strike != nil {
				if err := tt.strike(); err != nil {
					t.Fatal(err)
				}
			}
			run := s.client(tt.addr)
			s.sees(run, time.Time{}, 5, tt.want)
			l := run.Stop()
			if n := l.Outcomes()[tt.want]; n != len(l.Attempts) {
				t.Errorf("want nothing but %s, got\n%s", tt.want, l)
			}
			for _, a := range l.Attempts {
				if a.Code != tt.code {
					t.Errorf("connection %d ended with SQLSTATE %q (%s), want %q", a.Seq, a.Code, a.Detail, tt.code)
				}
			}
			if tt.heal != nil {
				if err := tt.heal(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestNobodyWaits: a server that hangs holds up its own connections, and each is
// as long as it may be.
func TestNobodyWaits(t *testing.T) {
	s := newSite(t)
	run := s.client("10.0.1.25:5432")
	s.sees(run, time.Time{}, 5, traffic.OK)
	if err := s.db[0].Pause(); err != nil {
		t.Fatal(err)
	}
	hung := run.Mark("paused")
	s.sees(run, hung, 20, traffic.Timeout)
	if err := s.db[0].Resume(); err != nil {
		t.Fatal(err)
	}
	resumed := run.Mark("resumed")
	s.sees(run, resumed, 5, traffic.OK)
	l := run.Stop()

	// Had each waited for the one before, no two would have been under way at once.
	side := 0
	for i, a := range l.Attempts[1:] {
		if a.Began.Before(l.Attempts[i].End()) {
			side++
		}
	}
	if side < 10 {
		t.Errorf("%d connections ran beside the one before; want all those that hung:\n%s", side, l)
	}
	for _, a := range l.Attempts {
		if a.Outcome == traffic.Timeout && a.Took < time.Second {
			t.Errorf("connection %d timed out after %s, want 1s at least", a.Seq, a.Took)
		}
	}
	for _, a := range l.Attempts {
		if a.Outcome == traffic.OK && a.Began.After(hung) && a.End().Before(resumed) {
			t.Errorf("connection %d went well while the server hung:\n%s", a.Seq, l)
		}
	}
	gap := func(g traffic.Gap) bool { return !g.Open && g.From.Before(resumed) && g.To.After(hung) }
	if !slices.ContainsFunc(l.Gaps(), gap) {
		t.Errorf("there is no time without service while the server hung:\n%s", l)
	}

	standing, err := s.db[0].Query(t.Context(), "SELECT seq FROM traffic")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range l.Attempts {
		if stands := slices.Contains(strings.Fields(standing), fmt.Sprint(a.Seq)); a.Outcome == traffic.OK && !stands {
			t.Errorf("row %d was taken and does not stand", a.Seq)
		}
	}
}
