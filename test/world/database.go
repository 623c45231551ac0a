//go:build linux

package world

import (
	"context"
	"fmt"
	"os"
	"strings"

	"fairlead.dev/test/lab"
)

// passwords lets the reporting user in with its password only.
const passwords = `local all all trust
host all reporting all scram-sha-256
host all all all trust
`

// startDatabases starts all of them, two at a time: making one takes a
// processor for a second.
func (w *World) startDatabases(ctx context.Context, l *lab.Lab) error {
	all := databases()
	places := make([]*place, len(all))
	errs := make(chan error, len(all))
	slots := make(chan struct{}, 2)
	for i, d := range all {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			var err error
			places[i], err = d.start(ctx, l)
			errs <- err
		}()
	}
	var first error
	for range all {
		if err := <-errs; first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	for _, p := range places {
		w.add(p)
	}
	return nil
}

func (d database) start(ctx context.Context, l *lab.Lab) (*place, error) {
	h, err := l.Host(d.host, d.addr)
	if err != nil {
		return nil, err
	}
	pg, err := h.Postgres(d.host)
	if err != nil {
		return nil, err
	}
	sql := func(database, command string) (string, error) {
		return h.Output(ctx, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", d.addr, "-U", "postgres", "-d", database, "-c", command)
	}
	if _, err := sql("postgres", "CREATE DATABASE "+d.name); err != nil {
		return nil, err
	}
	if _, err := sql(d.name, d.rows); err != nil {
		return nil, err
	}
	grant := fmt.Sprintf("CREATE ROLE reporting LOGIN PASSWORD '%s'; GRANT pg_read_all_data TO reporting", d.password)
	if _, err := sql(d.name, grant); err != nil {
		return nil, err
	}
	hba, err := sql("postgres", "SHOW hba_file")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(strings.TrimSpace(hba), []byte(passwords), 0o600); err != nil { // it exists, and stays the server's
		return nil, err
	}
	if _, err := sql("postgres", "SELECT pg_reload_conf()"); err != nil {
		return nil, err
	}
	return &place{Host: h, about: "PostgreSQL: " + d.about, postgres: pg}, nil
}
