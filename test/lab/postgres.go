package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Postgres is a real PostgreSQL server on its host's port 5432. Its
// cluster_name is the name it was given, which tells servers apart:
// SHOW cluster_name.
type Postgres struct {
	*Server
	bin string
}

// pgBin finds Debian's PostgreSQL, the newest if there are several.
func pgBin() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) == 0 {
		return "", fmt.Errorf("PostgreSQL's server is not installed: run `make packages` as root")
	}
	return found[len(found)-1], nil
}

// Postgres starts a server on the host. Every connection is trusted.
func (h *Host) Postgres(name string) (*Postgres, error) {
	bin, err := pgBin()
	if err != nil {
		return nil, err
	}
	data, err := makeOwned(h.lab.dir, "pg-"+name+"-", "postgres")
	if err != nil {
		return nil, err
	}
	as := func(args ...string) []string {
		return append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=KILL", "--"}, args...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := h.Output(ctx, as(bin+"/initdb", "-D", data+"/d", "-A", "trust", "--no-sync", "--no-locale")...); err != nil {
		return nil, err
	}
	hba := filepath.Join(data, "d", "pg_hba.conf")
	if err := os.WriteFile(hba, []byte("local all all trust\nhost all all 0.0.0.0/0 trust\n"), 0o600); err != nil {
		return nil, err
	}
	p := &Postgres{bin: bin}
	p.Server, err = h.serve("postgres", func() *exec.Cmd {
		return h.Command(context.Background(), as(bin+"/postgres", "-D", data+"/d", "-k", data, "-c", "listen_addresses=*",
			"-c", "fsync=off", "-c", "cluster_name="+name, "-c", "max_connections=300")...)
	})
	if err != nil {
		return nil, err
	}
	return p, p.Ready(ctx)
}

// Quit ends the server and its connections at once (PostgreSQL's immediate
// shutdown), so that Start works again.
func (p *Postgres) Quit() { p.Stop(syscall.SIGQUIT) }

// Ready waits until the server accepts connections.
func (p *Postgres) Ready(ctx context.Context) error {
	return p.await(ctx, func(ctx context.Context) error {
		_, err := p.host.Output(ctx, p.bin+"/pg_isready", "-q", "-h", p.host.Addr.String())
		return err
	})
}

// makeOwned makes a new folder that belongs to a user.
func makeOwned(parent, prefix, owner string) (string, error) {
	u, err := user.Lookup(owner)
	if err != nil {
		return "", fmt.Errorf("PostgreSQL's user is missing: run `make packages` as root: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	dir, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return "", err
	}
	return dir, os.Chown(dir, uid, gid)
}
