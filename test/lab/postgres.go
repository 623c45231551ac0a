package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Postgres is a real PostgreSQL server on its host's port 5432. Its
// cluster_name is the name it was given, which tells servers apart:
// SHOW cluster_name.
type Postgres struct {
	*Server
	name  string
	bin   string
	dir   string // of its socket, and its data below
	flags []string
}

// hba trusts everybody but those that [Postgres.Login] made. A role that is
// named with + and does not exist has no members.
const hba = `local all all trust
host all +` + loginGroup + ` all scram-sha-256
host all all all trust
host replication all all trust
`

const loginGroup = "with_password"

// pgBin finds Debian's PostgreSQL, the newest if there are several.
func pgBin() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) == 0 {
		return "", fmt.Errorf("PostgreSQL's server is not installed: run `make packages` as root")
	}
	return found[len(found)-1], nil
}

// hbaTLS is the same for a server that is reached by TLS alone.
const hbaTLS = `local all all trust
hostssl all all all trust
`

// Postgres starts a server on the host. Every connection is trusted. Settings
// are PostgreSQL's, "max_connections=40" for instance.
func (h *Host) Postgres(name string, settings ...string) (*Postgres, error) {
	return h.postgres(name, hba, settings)
}

// PostgresTLS starts a server that takes nobody without TLS, as managed databases do.
// Cert and key are PEM.
func (h *Host) PostgresTLS(name string, cert, key []byte, settings ...string) (*Postgres, error) {
	dir, err := makeOwned(h.lab.dir, "pg-tls-"+name+"-", "postgres")
	if err != nil {
		return nil, err
	}
	crt, private := filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	for file, text := range map[string][]byte{crt: cert, private: key} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, err
		}
		if err := own(file, "postgres"); err != nil {
			return nil, err
		}
	}
	return h.postgres(name, hbaTLS, append([]string{"ssl=on", "ssl_cert_file=" + crt, "ssl_key_file=" + private}, settings...))
}

func (h *Host) postgres(name, hba string, settings []string) (*Postgres, error) {
	p, err := h.newPostgres(name, settings)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := h.Output(ctx, asPostgres(p.bin+"/initdb", "-D", p.data(), "-A", "trust", "--no-sync", "--no-locale")...); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(p.data(), "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		return nil, err
	}
	return p, p.serve(ctx)
}

// newPostgres is a server without data.
func (h *Host) newPostgres(name string, settings []string) (*Postgres, error) {
	bin, err := pgBin()
	if err != nil {
		return nil, err
	}
	dir, err := makeOwned(h.lab.dir, "pg-"+name+"-", "postgres")
	if err != nil {
		return nil, err
	}
	p := &Postgres{name: name, bin: bin, dir: dir, Server: &Server{host: h}}
	for _, s := range append([]string{"listen_addresses=*", "fsync=off", "max_connections=300", "cluster_name=" + name}, settings...) {
		p.flags = append(p.flags, "-c", s)
	}
	return p, nil
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "d") }

// serve starts the server for the first time. Its processes have a process
// namespace of their own, so that none outlives the first one, not even stopped.
// They go before everything else on the machine, as a server outside has a
// machine to itself: to fork for each connection is costly where tests run, and a
// server that falls behind under many of them never catches up.
func (p *Postgres) serve(ctx context.Context) (err error) {
	h := p.host
	p.Server, err = h.serve("postgres", func() *exec.Cmd {
		words := asPostgres(append([]string{p.bin + "/postgres", "-D", p.data(), "-k", p.dir}, p.flags...)...)
		cmd := h.Command(context.Background(), append([]string{"nice", "-n", "-10"}, words...)...)
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
		return cmd
	})
	if err != nil {
		return err
	}
	return p.Ready(ctx)
}

// asPostgres is the command that becomes another one as Debian's user postgres.
func asPostgres(args ...string) []string {
	return append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=KILL", "--"}, args...)
}

// Quit ends the server and its connections at once (PostgreSQL's immediate
// shutdown), so that Start works again. It must not be paused.
func (p *Postgres) Quit() { p.Stop(syscall.SIGQUIT) }

// Ready waits until the server accepts connections.
func (p *Postgres) Ready(ctx context.Context) error {
	return p.await(ctx, func(ctx context.Context) error {
		_, err := p.host.Output(ctx, p.bin+"/pg_isready", "-q", "-h", p.host.Addr.String())
		return err
	})
}

// Query asks the server by its socket, which no fault of the network touches.
// It returns what psql prints: a line for each row, with | between columns.
func (p *Postgres) Query(ctx context.Context, sql string) (string, error) {
	out, err := p.host.Output(ctx, p.bin+"/psql", "-h", p.dir, "-U", "postgres", "-XAtqc", sql)
	return strings.TrimSpace(out), err
}

// Login makes a role that is let in with its password only (SCRAM-SHA-256). It
// may do what a role may that owns nothing.
func (p *Postgres) Login(ctx context.Context, role, password string) error {
	_, err := p.Query(ctx, fmt.Sprintf(`DO $$BEGIN
	IF to_regrole('%[1]s') IS NULL THEN CREATE ROLE %[1]s NOLOGIN; END IF;
	CREATE ROLE %[2]s LOGIN PASSWORD '%[3]s' IN ROLE %[1]s;
END$$`, loginGroup, role, password))
	return err
}

// makeOwned makes a new folder that belongs to a user.
func makeOwned(parent, prefix, owner string) (string, error) {
	dir, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return "", err
	}
	return dir, own(dir, owner)
}

// own gives a file or folder to a user.
func own(path, owner string) error {
	u, err := user.Lookup(owner)
	if err != nil {
		return fmt.Errorf("PostgreSQL's user is missing: run `make packages` as root: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return os.Chown(path, uid, gid)
}
