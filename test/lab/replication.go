package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// Standby starts a hot standby of a primary, by streaming replication
// (pg_basebackup), and returns once it streams. Settings must not be less than
// the primary's, or PostgreSQL refuses to start.
func (h *Host) Standby(name string, primary *Postgres, settings ...string) (*Postgres, error) {
	p, err := h.newPostgres(name, settings)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.copyOf(ctx, primary); err != nil {
		return nil, err
	}
	if err := p.serve(ctx); err != nil {
		return nil, err
	}
	return p, p.streams(ctx, primary)
}

// Promote makes a primary of a standby and returns once it takes writes. Nobody
// tells the old primary.
func (p *Postgres) Promote(ctx context.Context) error {
	out, err := p.Query(ctx, "SELECT pg_promote(true, 60)")
	if err == nil && out != "t" {
		err = errors.New("it is still in recovery after a minute")
	}
	if err != nil {
		return fmt.Errorf("promote %s: %w", p.name, err)
	}
	return nil
}

// Rejoin makes a standby of a primary of a server that was one itself, or was
// lost. What it had is thrown away, as where no rewind is possible. It must not
// be paused.
func (p *Postgres) Rejoin(ctx context.Context, primary *Postgres) error {
	p.Kill()
	if err := os.RemoveAll(p.data()); err != nil {
		return err
	}
	if err := p.copyOf(ctx, primary); err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	if err := p.Ready(ctx); err != nil {
		return err
	}
	return p.streams(ctx, primary)
}

// copyOf fills the data folder with a copy that will follow the primary.
func (p *Postgres) copyOf(ctx context.Context, primary *Postgres) error {
	_, err := p.host.Output(ctx, asPostgres(p.bin+"/pg_basebackup", "-D", p.data(), "-h", primary.host.Addr.String(), "-U", "postgres",
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync")...)
	return err
}

// streams waits until the standby has all that the primary has now.
func (p *Postgres) streams(ctx context.Context, primary *Postgres) error {
	return p.await(ctx, func(ctx context.Context) error {
		out, err := primary.Query(ctx, fmt.Sprintf("SELECT 1 FROM pg_stat_replication WHERE application_name = '%s' AND state = 'streaming' AND replay_lsn = pg_current_wal_lsn()", p.name))
		if err == nil && out != "1" {
			err = fmt.Errorf("%s does not stream from %s", p.name, net.JoinHostPort(primary.host.Addr.String(), "5432"))
		}
		return err
	})
}
