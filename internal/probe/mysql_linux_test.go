package probe

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
	"fairlead.dev/test/servers"
)

func myProbe(role model.Role, login string) model.Probe {
	return model.Probe{Kind: model.ProbeMySQL, Role: role, Credentials: login}
}

// TestRealMariaDB holds the probe against a real server.
func TestRealMariaDB(t *testing.T) {
	m := newMariaDB(t, "--max-connect-errors=3", "--max-connections=10")
	m.sql(t,
		"CREATE USER plain IDENTIFIED BY '"+secret+"'", "CREATE USER secure IDENTIFIED BY '"+secret+"' REQUIRE SSL",
		"CREATE USER locked IDENTIFIED BY '"+secret+"' ACCOUNT LOCK", "CREATE USER open",
		"CREATE USER few IDENTIFIED BY '"+secret+"' WITH MAX_CONNECTIONS_PER_HOUR 1",
		"INSTALL SONAME 'auth_ed25519'", "CREATE USER modern IDENTIFIED VIA ed25519 USING PASSWORD('"+secret+"')",
		"CREATE DATABASE shop",
	)
	knock, wantsPrimary, wantsReplica := myProbe("", ""), myProbe(model.RolePrimary, "plain"), myProbe(model.RoleReplica, "plain")

	t.Run("login", func(t *testing.T) {
		for _, user := range []string{"plain", "locked", "open"} {
			m.sql(t, "GRANT USAGE ON *.* TO "+user)
		}
		up(t, prober(), wantsPrimary, at(m.addr))
		up(t, prober(), myProbe("", "plain"), at(m.addr))
		wrong := &Prober{Credentials: func(_ context.Context, _, name string) (Login, error) { return Login{name, "wrong"}, nil }}
		down(t, wrong, wantsPrimary, at(m.addr), model.ProbeAuthentication, "Access denied", "error 1045")
		empty := &Prober{Credentials: func(_ context.Context, _, name string) (Login, error) { return Login{User: name}, nil }}
		up(t, empty, myProbe(model.RolePrimary, "open"), at(m.addr))
		down(t, empty, wantsPrimary, at(m.addr), model.ProbeAuthentication, "using password: NO")
		down(t, prober(), myProbe(model.RolePrimary, "absent"), at(m.addr), model.ProbeAuthentication, "1045")
		down(t, prober(), myProbe(model.RolePrimary, "locked"), at(m.addr), model.ProbeAuthentication, "locked", "4151")
		down(t, prober(), myProbe(model.RolePrimary, "secure"), at(m.addr), model.ProbeAuthentication, "1045")
		down(t, prober(), myProbe(model.RolePrimary, "modern"), at(m.addr), model.ProbeAuthentication, "client_ed25519", "mysql_native_password")
		up(t, prober(), myProbe(model.RolePrimary, "few"), at(m.addr))
		down(t, prober(), myProbe(model.RolePrimary, "few"), at(m.addr), model.ProbeNotServing, "1226")
		spec := wantsPrimary
		spec.Database = "shop"
		down(t, prober(), spec, at(m.addr), model.ProbeAuthentication, "1044", "mysql.database")
		m.sql(t, "GRANT SELECT ON shop.* TO plain")
		up(t, prober(), spec, at(m.addr))
	})

	t.Run("role", func(t *testing.T) {
		down(t, prober(), wantsReplica, at(m.addr), model.ProbeNotReplica, "takes writes")
		m.sql(t, "SET GLOBAL read_only = 1")
		up(t, prober(), wantsReplica, at(m.addr))
		up(t, prober(), knock, at(m.addr))
		down(t, prober(), wantsPrimary, at(m.addr), model.ProbeNotPrimary, "read-only")
		m.sql(t, "SET GLOBAL read_only = 0")
		up(t, prober(), wantsPrimary, at(m.addr))
	})

	// Who hangs up on its greeting is shut out by a server; a probe is not.
	t.Run("manners", func(t *testing.T) {
		polite, rude := from(t, "127.0.0.5", m.addr), from(t, "127.0.0.6", m.addr)
		for range 10 {
			up(t, prober(), knock, at(polite))
		}
		eventually(t, "the server shuts out who hangs up", func() bool { return greeted(t, rude) == mysqlErr })
		down(t, prober(), knock, at(rude), model.ProbeNotServing, "blocked because of many connection errors", "1129")
		up(t, prober(), knock, at(polite))
		for line := range strings.Lines(m.said.String()[m.ready:]) {
			if strings.Contains(line, "127.0.0.5") && strings.Contains(line, "Aborted") {
				t.Errorf("the server complains: %s", line)
			}
		}
	})

	t.Run("full", func(t *testing.T) {
		var held []net.Conn
		for {
			c, err := net.Dial("tcp", m.addr.String())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, c)
			p, _, err := readMySQLPacket(c)
			if err != nil {
				t.Fatal(err)
			}
			if p[0] == mysqlErr {
				break
			}
		}
		down(t, prober(), knock, at(m.addr), model.ProbeNotServing, "Too many connections", "1040")
		down(t, prober(), wantsPrimary, at(m.addr), model.ProbeNotServing, "1040")
		for _, c := range held {
			c.Close()
		}
		eventually(t, "there is room again", func() bool { return answersTo(knock, m.addr) })
	})

	t.Run("hangs, and dies", func(t *testing.T) {
		m.signal(syscall.SIGSTOP)
		for _, spec := range []model.Probe{knock, wantsPrimary} {
			spec.Timeout = silently
			down(t, prober(), spec, at(m.addr), model.ProbeTimeout)
		}
		m.signal(syscall.SIGCONT)
		up(t, prober(), knock, at(m.addr))
		m.kill()
		down(t, prober(), knock, at(m.addr), model.ProbeRefused)
	})

	t.Run("TLS", func(t *testing.T) {
		cert, key := authority.WritePair(t, m.dir, authority.New(t, "Root").Issue([]string{"elsewhere.example.com"}))
		m.start(t, "--ssl-cert="+cert, "--ssl-key="+key, "--require-secure-transport=ON")
		up(t, prober(), wantsPrimary, at(m.addr))
		up(t, prober(), myProbe(model.RolePrimary, "secure"), at(m.addr))
		up(t, prober(), knock, at(m.addr))
		m.kill()
	})
	t.Run("no TLS where it must be", func(t *testing.T) {
		m.start(t, "--require-secure-transport=ON")
		up(t, prober(), knock, at(m.addr))
		down(t, prober(), wantsPrimary, at(m.addr), model.ProbeAuthentication, "1045")
	})
}

// TestRealVitess: caching_sha2_password, which MariaDB has not, by a server that was
// written by others.
func TestRealVitess(t *testing.T) {
	bin := servers.Build(t, "vitess")
	cert, key := authority.WritePair(t, t.TempDir(), authority.New(t, "Root").Issue([]string{"elsewhere.example.com"}))
	secure := at(launchBuilt(t, bin, "-password", secret, "-cert", cert, "-key", key))
	wrong := &Prober{Credentials: func(_ context.Context, _, name string) (Login, error) { return Login{name, "wrong"}, nil }}
	for _, user := range []string{"remembered", "forgotten"} {
		up(t, prober(), myProbe(model.RolePrimary, user), secure)
		down(t, prober(), myProbe(model.RoleReplica, user), secure, model.ProbeNotReplica)
		down(t, wrong, myProbe(model.RolePrimary, user), secure, model.ProbeAuthentication, "Access denied", "1045")
	}
	up(t, prober(), myProbe("", ""), secure)
	plain := at(launchBuilt(t, bin, "-password", secret))
	up(t, prober(), myProbe("", ""), plain)

	for _, value := range []string{"1", "ON", "NO_LOCK"} {
		replica := at(launchBuilt(t, bin, "-password", secret, "-cert", cert, "-key", key, "-read-only", value, "-no-innodb"))
		up(t, prober(), myProbe(model.RoleReplica, "remembered"), replica)
		down(t, prober(), myProbe(model.RolePrimary, "remembered"), replica, model.ProbeNotPrimary)
	}
	off := at(launchBuilt(t, bin, "-password", secret, "-cert", cert, "-key", key, "-read-only", "OFF"))
	up(t, prober(), myProbe(model.RolePrimary, "remembered"), off)
}
