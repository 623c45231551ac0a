// Command reporting-api reports from two PostgreSQL databases that it knows by
// short names, analytics-db and legacy-metrics-db, and by nothing else: not by
// where they are, nor in which environment it runs.
//
//	ANALYTICS_DB         connection string, such as
//	                     "host=analytics-db dbname=analytics user=reporting"
//	LEGACY_METRICS_DB    the same for the other database
//	PGPASSWORD           the password for both
//	CONNECTION_LIFETIME  how old a pooled connection may grow, 10s if not set
//	LISTEN               where it serves HTTP, :8080 if not set
//
// It serves /reports, /health (are both databases there?) and /live (is this
// process there?).
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("cannot go on", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	lifetime, err := time.ParseDuration(cmp.Or(os.Getenv("CONNECTION_LIFETIME"), "10s"))
	if err != nil {
		return fmt.Errorf("CONNECTION_LIFETIME is not a duration, write 10s: %w", err)
	}
	var sources []source
	for _, s := range []struct{ name, env, query string }{
		{"analytics-db", "ANALYTICS_DB", `SELECT region AS name, sum(amount)::bigint AS value FROM orders GROUP BY region`},
		{"legacy-metrics-db", "LEGACY_METRICS_DB", `SELECT name, value FROM metrics`},
	} {
		pool, err := open(ctx, os.Getenv(s.env), lifetime)
		if err != nil {
			return fmt.Errorf("%s: %w", s.env, err)
		}
		defer pool.Close()
		sources = append(sources, source{name: s.name, query: s.query, pool: pool})
	}
	return serve(ctx, cmp.Or(os.Getenv("LISTEN"), ":8080"), handler(sources))
}

// serve serves until ctx ends, and then lets running requests end.
func serve(ctx context.Context, addr string, h http.Handler) error {
	server := &http.Server{Addr: addr, Handler: h, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	slog.Info("serving", "address", addr)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := server.Shutdown(drain)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
