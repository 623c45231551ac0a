//go:build linux

package failover_test

import (
	"testing"
	"time"

	"fairlead.dev/test/controller"
	"fairlead.dev/test/failover"
)

// fairlead starts a controller, which ends with the test.
func fairlead(t *testing.T) *controller.Controller {
	t.Helper()
	return program.Start(t, theStage(t).Cluster, "--upstream", "10.0.1.53")
}

func strike(t *testing.T, p *failover.Play, f failover.Fault) time.Time {
	t.Helper()
	struck, err := p.Strike(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return struck
}

func heal(t *testing.T, p *failover.Play, f failover.Fault) time.Time {
	t.Helper()
	healed, err := p.Heal(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return healed
}

func promote(t *testing.T, p *failover.Play) {
	t.Helper()
	if err := p.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// served waits until clients that connect from now on are served by a server, and
// by it alone.
func served(t *testing.T, p *failover.Play, server string) {
	t.Helper()
	if err := p.Served(t.Context(), server, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func publishes(t *testing.T, p *failover.Play, service string, ready ...string) {
	t.Helper()
	if err := p.Publishes(t.Context(), service, ready...); err != nil {
		t.Fatal(err)
	}
}

// says waits until the status of db is as is wanted; want says what is missing.
func says(t *testing.T, p *failover.Play, what string, want func(*failover.Status) string) *failover.Status {
	t.Helper()
	s, err := p.Says(t.Context(), want)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return s
}

// fails waits until the status says that the probe of a server fails.
func fails(t *testing.T, p *failover.Play, server string) {
	t.Helper()
	says(t, p, server+" fails its probe", func(s *failover.Status) string {
		if s.Failing(failover.Address(server)) == "" {
			return "it does not"
		}
		return ""
	})
	p.Client.Mark("the status says that " + server + " fails")
}

// passes waits until it does not any more.
func passes(t *testing.T, p *failover.Play, server string) {
	t.Helper()
	says(t, p, server+" passes its probe", func(s *failover.Status) string { return s.Failing(failover.Address(server)) })
	p.Client.Mark("the status says that " + server + " passes")
}

// eventually waits until try returns nothing; what it returns says what is
// missing.
func eventually(t *testing.T, what string, try func() string) {
	t.Helper()
	var missing string
	for began := time.Now(); time.Since(began) < 90*time.Second; time.Sleep(20 * time.Millisecond) {
		if missing = try(); missing == "" {
			return
		}
	}
	t.Fatalf("%s: %s", what, missing)
}
