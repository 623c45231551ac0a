package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const query = `SELECT name, value FROM t`

// get asks the handler until it answers as wanted.
func get(t *testing.T, h http.Handler, path string, status int, want ...string) {
	t.Helper()
	var got *httptest.ResponseRecorder
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		got = httptest.NewRecorder()
		h.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if got.Code == status && containsAll(got.Body.String(), want) {
			return
		}
	}
	t.Errorf("GET %s: %d\n%s\nwant %d and %q", path, got.Code, got.Body, status, want)
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// pool connects to a name, which means what addr holds at the time.
func pool(t *testing.T, port int, user string, addr *atomic.Value) *pgxpool.Pool {
	t.Helper()
	c, err := configure(fmt.Sprintf("host=db port=%d user=%s dbname=postgres", port, user), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	c.ConnConfig.LookupFunc = func(context.Context, string) ([]string, error) { return []string{addr.Load().(string)}, nil }
	p, err := pgxpool.NewWithConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// TestBothDatabases: rows and servers of both; when one stops, who is missing;
// and all is well when it is back, by the same pool.
func TestBothDatabases(t *testing.T) {
	port := freePort(t)
	startPostgres(t, "first", "127.0.0.1", port)
	second := startPostgres(t, "second", "127.0.0.2", port)
	var one, two atomic.Value
	one.Store("127.0.0.1")
	two.Store("127.0.0.2")
	h := handler([]source{
		{name: "one", query: query, pool: pool(t, port, second.owner(), &one)},
		{name: "two", query: query, pool: pool(t, port, second.owner(), &two)},
	})
	get(t, h, "/live", 200)
	get(t, h, "/health", 200, `"one": "ok"`, `"two": "ok"`)
	get(t, h, "/reports", 200, "\"server\": \"first\",\n    \"address\": \"127.0.0.1\",\n    \"rows\": {\n      \"a\": 1,\n      \"b\": 2\n", `"server": "second"`)
	second.stop()
	get(t, h, "/health", 503, `"one": "ok"`, `"two": "dial tcp 127.0.0.2:`, `connection refused"`)
	get(t, h, "/reports", 502, `"server": "first"`, `"error": "dial tcp 127.0.0.2:`)
	get(t, h, "/live", 200)
	second.start()
	get(t, h, "/health", 200, `"two": "ok"`)
}

// TestAMovedNameIsFollowed: the old server goes on answering, and yet the pool
// is with the new one within the lifetime of a connection.
func TestAMovedNameIsFollowed(t *testing.T) {
	port := freePort(t)
	startPostgres(t, "old", "127.0.0.1", port)
	fresh := startPostgres(t, "new", "127.0.0.2", port)
	var addr atomic.Value
	addr.Store("127.0.0.1")
	h := handler([]source{{name: "db", query: query, pool: pool(t, port, fresh.owner(), &addr)}})
	get(t, h, "/reports", 200, `"server": "old"`)
	addr.Store("127.0.0.2")
	get(t, h, "/reports", 200, `"server": "new"`)
}

func TestConnectionStrings(t *testing.T) {
	for dsn, want := range map[string]string{
		"":          `write one such as "host=analytics-db`,
		"host=db x": "cannot parse",
	} {
		if _, err := configure(dsn, time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", dsn, err, want)
		}
	}
}
