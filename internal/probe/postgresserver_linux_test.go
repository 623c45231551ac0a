package probe

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"fairlead.dev/internal/model"
)

// pgServer is a real PostgreSQL server.
type pgServer struct {
	*program
	data string
	// ready is how much its log had when it was.
	ready int
}

// access is who gets in how, as pg_hba.conf has it. The user root is the tests' own.
const access = `
local all all trust
host all,replication root all trust
host all nobody all reject
host all clear all password
host all hashed all md5
host all trusted all trust
hostnossl all secure all reject
host all all all scram-sha-256
`

// postgresBin finds Debian's server, or skips the test.
func postgresBin(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) == 0 {
		t.Skip("PostgreSQL's server is not installed: run `make packages` as root")
	}
	return found[len(found)-1]
}

// asPostgres is a command by the user who may run the server: root may not.
func asPostgres(args ...string) []string {
	if os.Getuid() != 0 {
		return args
	}
	return append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=KILL", "--"}, args...)
}

// ownFolder makes a folder that belongs to that user. It is not t.TempDir, which
// only its owner may enter.
func ownFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fairlead-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	giveToPostgres(t, dir)
	return dir
}

func giveToPostgres(t *testing.T, path string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Skipf("PostgreSQL's user is missing: run `make packages` as root: %v", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// cluster is the data of a server that never ran, to copy.
type cluster string

func newCluster(t *testing.T) cluster {
	t.Helper()
	s := &pgServer{data: filepath.Join(ownFolder(t), "d")}
	output(t, asPostgres(postgresBin(t)+"/initdb", "-D", s.data, "-U", "root", "-A", "trust", "--no-sync", "--no-locale", "--no-instructions")...)
	s.configure(t, "pg_hba.conf", access)
	return cluster(s.data)
}

// primary starts a primary.
func (c cluster) primary(t *testing.T, args ...string) *pgServer {
	t.Helper()
	s := &pgServer{data: filepath.Join(ownFolder(t), "d")}
	output(t, asPostgres("cp", "-a", string(c), s.data)...)
	s.start(t, freePort(t), args...).await(t).roles(t)
	return s
}

// standby starts a server that follows s.
func (s *pgServer) standby(t *testing.T, args ...string) *pgServer {
	t.Helper()
	b := &pgServer{data: filepath.Join(ownFolder(t), "d")}
	output(t, asPostgres(postgresBin(t)+"/pg_basebackup", "-D", b.data, "-R", "-c", "fast", "--no-sync", "-d",
		fmt.Sprintf("host=127.0.0.1 port=%d user=root", s.addr.Port()))...)
	return b.start(t, freePort(t), args...)
}

// start starts the server without waiting for it, for it may not let anybody in.
func (s *pgServer) start(t *testing.T, addr netip.AddrPort, args ...string) *pgServer {
	t.Helper()
	command := asPostgres(append([]string{
		postgresBin(t) + "/postgres", "-D", s.data, "-k", "", "-c", "listen_addresses=127.0.0.1", "-p", fmt.Sprint(addr.Port()),
		"-c", "fsync=off", "-c", "max_connections=12", "-c", "superuser_reserved_connections=3", "-c", "log_connections=off",
	}, args...)...)
	s.program = launch(t, addr, command[0], command[1:]...)
	return s
}

func (s *pgServer) await(t *testing.T) *pgServer {
	t.Helper()
	s.program.ready(func() bool { return answersTo(model.Probe{Kind: model.ProbePostgres}, s.addr) })
	s.ready = len(s.said.String())
	return s
}

// configure writes a file of the server's.
func (s *pgServer) configure(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.data, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	giveToPostgres(t, path)
}

// session is a connection of the tests' own.
func (s *pgServer) session(t *testing.T, name string) *pgconn.PgConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgconn.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=%s dbname=postgres sslmode=disable", s.addr.Port(), name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Conn().Close() })
	return c
}

// sql runs statements.
func (s *pgServer) sql(t *testing.T, statements ...string) {
	t.Helper()
	c := s.session(t, "root")
	defer c.Close(context.Background())
	for _, text := range statements {
		if _, err := c.Exec(context.Background(), text).ReadAll(); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// complaints are the lines of the server's log that somebody would look at, since it
// was ready.
func (s *pgServer) complaints() []string {
	var all []string
	for line := range strings.Lines(s.said.String()[s.ready:]) {
		for _, word := range []string{"FATAL", "ERROR", "PANIC", "could not", "unexpected", "reset by peer", "incomplete", "invalid"} {
			if strings.Contains(line, word) {
				all = append(all, line)
				break
			}
		}
	}
	return all
}

// roles makes the users of access, all with the password of the tests.
func (s *pgServer) roles(t *testing.T) {
	t.Helper()
	s.sql(t,
		"CREATE ROLE plain LOGIN PASSWORD '"+secret+"'",
		"CREATE ROLE clear LOGIN PASSWORD '"+secret+"'",
		"CREATE ROLE secure LOGIN PASSWORD '"+secret+"'",
		"CREATE ROLE nobody LOGIN PASSWORD '"+secret+"'",
		"CREATE ROLE trusted LOGIN",
		"SET password_encryption = 'md5'; CREATE ROLE hashed LOGIN PASSWORD '"+secret+"'; RESET password_encryption",
		"CREATE ROLE busy LOGIN PASSWORD '"+secret+"' CONNECTION LIMIT 0",
		"CREATE ROLE careful LOGIN PASSWORD '"+secret+"'",
		"ALTER ROLE careful SET default_transaction_read_only = on",
		"CREATE DATABASE private", "REVOKE CONNECT ON DATABASE private FROM PUBLIC",
	)
}

// silently is how long a probe waits for what hangs.
const silently = 300 * time.Millisecond
