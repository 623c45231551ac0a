package lab_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"fairlead.dev/test/lab"
)

// TestLab: the world that the other tests rest on is as they think it is.
func TestLab(t *testing.T) {
	lab.Skip(t, "named", "dig", "nsupdate", "psql")
	before := links(t)
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		if after := links(t); after != before {
			t.Errorf("the machine's own network was\n%s\nand is now\n%s", before, after)
		}
	})
	db := host(t, l, "db25", "10.0.1.25")
	pg, err := db.Postgres("prod")
	if err != nil {
		t.Fatal(err)
	}
	dns, err := host(t, l, "dns", "10.0.1.53").DNS("example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := dns.Set("db.example.com. 2 A 10.0.1.25", "db.example.com. 2 A 10.0.1.26"); err != nil {
		t.Fatal(err)
	}
	m, err := l.Machine()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if out, err := m.Output(ctx, "dig", "+short", "@10.0.1.53", "db.example.com"); err != nil || len(strings.Fields(out)) != 2 {
		t.Errorf("dig printed %q, %v; want two addresses", out, err)
	}
	if n := dns.Queries("db.example.com", "A"); n != 1 {
		t.Errorf("the DNS server counts %d queries, want 1", n)
	}
	psql := []string{"psql", "-h", "10.0.1.25", "-U", "postgres", "-Atc", "SHOW cluster_name"}
	if out, err := m.Output(ctx, psql...); err != nil || strings.TrimSpace(out) != "prod" {
		t.Errorf("psql printed %q, %v; want prod", out, err)
	}
	pg.Quit()
	if _, err := m.Output(ctx, psql...); err == nil {
		t.Error("psql reaches a server that was stopped")
	}
	if err := pg.Start(); err != nil {
		t.Fatal(err)
	}
	if err := pg.Ready(ctx); err != nil {
		t.Fatal(err)
	}
}

func host(t *testing.T, l *lab.Lab, name, addr string) *lab.Host {
	t.Helper()
	h, err := l.Host(name, addr)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func links(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("ip", "-o", "link").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
