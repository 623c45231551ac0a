package probe

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
)

func pgProbe(role model.Role, login string) model.Probe {
	return model.Probe{Kind: model.ProbePostgres, Role: role, Credentials: login}
}

// TestRealPostgres holds the probe against real servers.
func TestRealPostgres(t *testing.T) {
	c := newCluster(t)
	for name, test := range map[string]func(*testing.T, cluster){
		"lives": pgLives, "login": pgLogin, "TLS": pgTLS, "nobody": pgNobody,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
}

// pgLives follows a primary and its standby through their lives.
func pgLives(t *testing.T, c cluster) {
	primary := c.primary(t)
	standby := primary.standby(t).await(t)
	knock, wantsPrimary, wantsReplica := pgProbe("", ""), pgProbe(model.RolePrimary, "plain"), pgProbe(model.RoleReplica, "plain")
	for range 20 {
		up(t, prober(), knock, at(primary.addr))
		up(t, prober(), knock, at(standby.addr))
	}
	for range 3 {
		up(t, prober(), wantsPrimary, at(primary.addr))
		up(t, prober(), wantsReplica, at(standby.addr))
		up(t, prober(), pgProbe("", "plain"), at(standby.addr))
		down(t, prober(), wantsReplica, at(primary.addr), model.ProbeNotReplica, "is a primary")
		down(t, prober(), wantsPrimary, at(standby.addr), model.ProbeNotPrimary, "in recovery")
	}
	for _, s := range []*pgServer{primary, standby} {
		if lines := s.complaints(); lines != nil {
			t.Errorf("the probes made the server complain:\n%s", strings.Join(lines, ""))
		}
	}

	// It hangs.
	primary.signal(syscall.SIGSTOP)
	for _, spec := range []model.Probe{knock, wantsPrimary} {
		spec.Timeout = silently
		down(t, prober(), spec, at(primary.addr), model.ProbeTimeout, "gives no answer within 300ms")
	}
	primary.signal(syscall.SIGCONT)
	up(t, prober(), knock, at(primary.addr))

	// It dies, and the standby takes over.
	primary.kill()
	down(t, prober(), knock, at(primary.addr), model.ProbeRefused)
	down(t, prober(), wantsPrimary, at(primary.addr), model.ProbeRefused)
	up(t, prober(), wantsReplica, at(standby.addr))
	standby.sql(t, "SELECT pg_promote()")
	up(t, prober(), wantsPrimary, at(standby.addr))
	down(t, prober(), wantsReplica, at(standby.addr), model.ProbeNotReplica)
	standby.sql(t, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
	eventually(t, "the server is read-only", func() bool { return !answersTo(wantsPrimary, standby.addr) })
	down(t, prober(), wantsPrimary, at(standby.addr), model.ProbeNotPrimary, "is read-only", "default_transaction_read_only")
	down(t, prober(), wantsReplica, at(standby.addr), model.ProbeNotReplica)
	up(t, prober(), knock, at(standby.addr))
}

// pgLogin: who is let in how, without TLS.
func pgLogin(t *testing.T, c cluster) {
	s := c.primary(t)
	for _, user := range []string{"plain", "hashed", "trusted"} {
		up(t, prober(), pgProbe(model.RolePrimary, user), at(s.addr))
	}
	wrong := &Prober{Credentials: func(_ context.Context, _, name string) (Login, error) { return Login{name, "wrong"}, nil }}
	down(t, wrong, pgProbe(model.RolePrimary, "plain"), at(s.addr), model.ProbeAuthentication, "password authentication failed", "28P01")
	down(t, wrong, pgProbe(model.RolePrimary, "hashed"), at(s.addr), model.ProbeAuthentication, "28P01")
	down(t, prober(), pgProbe(model.RolePrimary, "absent"), at(s.addr), model.ProbeAuthentication, "28P01")
	down(t, prober(), pgProbe(model.RolePrimary, "nobody"), at(s.addr), model.ProbeAuthentication, "pg_hba.conf", "28000")
	down(t, prober(), pgProbe(model.RolePrimary, "clear"), at(s.addr), model.ProbeAuthentication, "in clear text", "turn on ssl")
	down(t, prober(), pgProbe(model.RolePrimary, "secure"), at(s.addr), model.ProbeAuthentication, "no encryption", "28000")
	down(t, prober(), pgProbe(model.RolePrimary, "busy"), at(s.addr), model.ProbeNotServing, "too many connections for role", "53300")
	down(t, prober(), pgProbe(model.RolePrimary, "careful"), at(s.addr), model.ProbeNotPrimary, "the user careful")

	spec := pgProbe(model.RolePrimary, "plain")
	spec.Database = "template1"
	up(t, prober(), spec, at(s.addr))
	spec.Database = "absent"
	down(t, prober(), spec, at(s.addr), model.ProbeAuthentication, `"absent" does not exist`, "postgres.database")
	spec.Database = "private"
	down(t, prober(), spec, at(s.addr), model.ProbeAuthentication, "permission denied", "postgres.database")

	// What the environment says is for other clients.
	for _, v := range []string{"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGOPTIONS", "PGAPPNAME", "PGSSLROOTCERT", "PGTARGETSESSIONATTRS", "PGREQUIREAUTH", "PGCHANNELBINDING", "PGSSLMODE"} {
		t.Setenv(v, map[string]string{
			"PGTARGETSESSIONATTRS": "read-only", "PGREQUIREAUTH": "gss", "PGCHANNELBINDING": "require",
			"PGSSLMODE": "verify-full", "PGPORT": "1", "PGOPTIONS": "-c default_transaction_read_only=on",
		}[v])
		if os.Getenv(v) == "" {
			t.Setenv(v, "/nowhere")
		}
	}
	up(t, prober(), pgProbe(model.RolePrimary, "plain"), at(s.addr))
	t.Setenv("PGSERVICE", "nowhere")
	down(t, prober(), pgProbe(model.RolePrimary, "plain"), at(s.addr), model.ProbeCredentials, "PG*")
}

// pgTLS: a server with TLS is spoken to by TLS, whoever asks.
func pgTLS(t *testing.T, c cluster) {
	dir := ownFolder(t)
	cert, key := authority.WritePair(t, dir, authority.New(t, "Root").Issue([]string{"elsewhere.example.com"}))
	giveToPostgres(t, cert)
	giveToPostgres(t, key)
	s := c.primary(t, "-c", "ssl=on", "-c", "ssl_cert_file="+cert, "-c", "ssl_key_file="+key)
	for _, user := range []string{"plain", "secure", "clear"} {
		up(t, prober(), pgProbe(model.RolePrimary, user), at(s.addr))
	}
	// A server that takes TLS only counts as accepting, and has nothing to log.
	s.configure(t, "pg_hba.conf", "local all all trust\nhost all root all trust\nhostssl all all all scram-sha-256\n")
	s.sql(t, "SELECT pg_reload_conf()")
	eventually(t, "others are kept out", func() bool {
		return strings.Contains(s.said.String(), "received SIGHUP")
	})
	for range 20 {
		up(t, prober(), pgProbe("", ""), model.Check{Addr: s.addr, Name: "db.example.com"})
		up(t, prober(), pgProbe(model.RolePrimary, "plain"), at(s.addr))
	}
	if lines := s.complaints(); lines != nil {
		t.Errorf("the probes made the server complain:\n%s", strings.Join(lines, ""))
	}
	// So does one that takes nobody.
	s.configure(t, "pg_hba.conf", "host all root all trust\n")
	s.sql(t, "SELECT pg_reload_conf()")
	eventually(t, "everybody is kept out", func() bool { return !answersTo(pgProbe(model.RolePrimary, "plain"), s.addr) })
	up(t, prober(), pgProbe("", ""), at(s.addr))
	down(t, prober(), pgProbe(model.RolePrimary, "plain"), at(s.addr), model.ProbeAuthentication, "pg_hba.conf")
}

// pgNobody: servers that are full, stop, start, or have lost their disk.
func pgNobody(t *testing.T, c cluster) {
	s := c.primary(t)
	standby := s.standby(t, "-c", "hot_standby=off")
	eventually(t, "the standby follows", func() bool { return strings.Contains(standby.said.String(), "started streaming") })
	knock, login := pgProbe("", ""), pgProbe(model.RolePrimary, "plain")
	down(t, prober(), knock, at(standby.addr), model.ProbeNotServing, "57P03")
	down(t, prober(), login, at(standby.addr), model.ProbeNotServing, "57P03")

	var held []interface{ Close(context.Context) error }
	for range 9 {
		held = append(held, s.session(t, "trusted"))
	}
	down(t, prober(), login, at(s.addr), model.ProbeNotServing, "53300")
	for range 3 {
		held = append(held, s.session(t, "root"))
	}
	down(t, prober(), knock, at(s.addr), model.ProbeNotServing, "too many clients", "53300")
	down(t, prober(), login, at(s.addr), model.ProbeNotServing, "too many clients", "53300")
	for _, c := range held[1:] {
		_ = c.Close(context.Background())
	}
	eventually(t, "there is room again", func() bool { return answersTo(knock, s.addr) })

	// It stops when the last one has gone.
	s.signal(syscall.SIGTERM)
	eventually(t, "it stops", func() bool { return !answersTo(knock, s.addr) })
	down(t, prober(), knock, at(s.addr), model.ProbeNotServing, "shutting down", "57P03")
	down(t, prober(), login, at(s.addr), model.ProbeNotServing, "shutting down", "57P03")
	_ = held[0].Close(context.Background())
	<-s.done
	down(t, prober(), knock, at(s.addr), model.ProbeRefused)

	// Its files are gone: every process of a connection ends.
	s.start(t, s.addr).await(t)
	if err := os.Rename(filepath.Join(s.data, "global"), filepath.Join(s.data, "away")); err != nil {
		t.Fatal(err)
	}
	down(t, prober(), login, at(s.addr), model.ProbeNotServing, "No such file", "58P01")
	down(t, prober(), knock, at(s.addr), model.ProbeNotServing, "No such file", "58P01")
}
