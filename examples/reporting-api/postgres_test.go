package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres is a real server on a loopback address.
type postgres struct {
	t         *testing.T
	bin, data string
	addr      string
	port      int
	name      string
	as        *syscall.SysProcAttr
	cmd       *exec.Cmd
}

// startPostgres starts a server of this cluster_name with one table, t.
func startPostgres(t *testing.T, name, addr string, port int) *postgres {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) == 0 {
		t.Skip("PostgreSQL's server is not installed")
	}
	p := &postgres{
		t: t, bin: found[len(found)-1], data: t.TempDir(), addr: addr, port: port, name: name,
		as: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	}
	if os.Geteuid() == 0 {
		p.dropRoot()
	}
	p.run("initdb", "-D", p.data+"/d", "-A", "trust", "--no-sync", "--no-locale")
	p.start()
	t.Cleanup(p.stop)
	p.fill()
	return p
}

func (p *postgres) fill() {
	p.t.Helper()
	conn, err := pgx.Connect(p.t.Context(), fmt.Sprintf("host=%s port=%d user=%s dbname=postgres", p.addr, p.port, p.owner()))
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close(p.t.Context())
	if _, err := conn.Exec(p.t.Context(), `CREATE TABLE t (name text, value bigint); INSERT INTO t VALUES ('b', 2), ('a', 1)`); err != nil {
		p.t.Fatal(err)
	}
}

// dropRoot lets the server be another user's: it refuses to be root's.
func (p *postgres) dropRoot() {
	p.t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		p.t.Skip("there is no user postgres")
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(p.data, uid, gid); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(p.data), 0o755); err != nil {
		p.t.Fatal(err)
	}
	p.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// owner is the name of the database's superuser.
func (p *postgres) owner() string {
	if p.as.Credential != nil {
		return "postgres"
	}
	u, err := user.Current()
	if err != nil {
		p.t.Fatal(err)
	}
	return u.Username
}

func (p *postgres) run(program string, args ...string) {
	p.t.Helper()
	cmd := exec.Command(filepath.Join(p.bin, program), args...)
	cmd.Dir, cmd.SysProcAttr = p.data, p.as
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// start starts the server and waits until it answers.
func (p *postgres) start() {
	p.t.Helper()
	p.cmd = exec.Command(filepath.Join(p.bin, "postgres"),
		"-D", p.data+"/d", "-k", p.data, "-p", strconv.Itoa(p.port),
		"-c", "listen_addresses="+p.addr, "-c", "cluster_name="+p.name, "-c", "fsync=off")
	p.cmd.Dir, p.cmd.SysProcAttr = p.data, p.as
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	for {
		ready := exec.CommandContext(ctx, filepath.Join(p.bin, "pg_isready"), "-q", "-h", p.data, "-p", strconv.Itoa(p.port))
		if ready.Run() == nil {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatal("the server does not become ready")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server and its connections at once.
func (p *postgres) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGQUIT) // fails when it has ended already
	_ = p.cmd.Wait()
}

// freePort is one that nothing listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
