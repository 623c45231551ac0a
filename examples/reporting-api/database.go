package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// source is a database and what is asked of it.
type source struct {
	name  string
	query string // gives rows of name and value
	pool  *pgxpool.Pool
}

// open makes a pool of connections; none is made before it is needed.
func open(ctx context.Context, dsn string, lifetime time.Duration) (*pgxpool.Pool, error) {
	c, err := configure(dsn, lifetime)
	if err != nil {
		return nil, err
	}
	return pgxpool.NewWithConfig(ctx, c)
}

// configure makes the pool follow its database. A name is looked up when a
// connection is made, and never again for that connection: one that lives for
// ever stays with the old server after the name has moved on, as long as that
// server answers. So no connection grows older than lifetime, give or take the
// second between two looks at the pool.
func configure(dsn string, lifetime time.Duration) (*pgxpool.Config, error) {
	if dsn == "" {
		return nil, errors.New(`no connection string: write one such as "host=analytics-db dbname=analytics user=reporting"`)
	}
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	c.MaxConns = 4
	c.MaxConnLifetime = lifetime
	c.MaxConnLifetimeJitter = lifetime / 10 // so that they are not all made anew at once
	c.HealthCheckPeriod = time.Second
	c.ConnConfig.ConnectTimeout = 2 * time.Second
	return c, nil
}

// report is what a database says, and which server said it: the one place
// where a person can see what stands behind the name today.
type report struct {
	Server  string          `json:"server,omitempty"`
	Address string          `json:"address,omitempty"`
	Rows    json.RawMessage `json:"rows,omitempty"`
	Error   string          `json:"error,omitempty"`
}

// report asks for the rows and for the server in one statement, so that both
// come by the same connection.
func (s source) report(ctx context.Context) report {
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`
		SELECT current_setting('cluster_name'), host(inet_server_addr()), json_object_agg(name, value ORDER BY name)
		FROM (%s) AS rows`, s.query))
	if err != nil {
		return report{Error: brief(err)}
	}
	r, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (r report, err error) {
		err = row.Scan(&r.Server, &r.Address, &r.Rows)
		return r, err
	})
	if err != nil {
		return report{Error: brief(err)}
	}
	return r
}

// health is "ok", or why the database cannot be asked.
func (s source) health(ctx context.Context) string {
	if err := s.pool.Ping(ctx); err != nil {
		return brief(err)
	}
	return "ok"
}

// brief is what went wrong on the network, if that is it: the driver tells it
// once for each of its attempts.
func brief(err error) string {
	if op := new(net.OpError); errors.As(err, &op) {
		return op.Error()
	}
	if name := new(net.DNSError); errors.As(err, &name) {
		return name.Error()
	}
	return err.Error()
}
