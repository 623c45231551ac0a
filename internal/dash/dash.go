// Package dash serves the status page of fairlead run, and the same for
// machines: /snapshot.json, /healthz, /readyz and /metrics.
//
// [Serve] does all of it on a listener; [Handler] is for servers of your own.
// The page is one template, one style sheet and one script, embedded; it loads
// nothing from elsewhere and follows changes through /events.
//
// The package reads snapshots and nothing else. It changes nothing, has no
// log-in, and answers only requests that name it by an IP address, localhost or
// a name it was given, since the page lists internal names.
package dash

import (
	"context"
	"net/http"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// Config says what is served. Fields that are nil have the default named with
// them.
type Config struct {
	// Snapshot returns the current snapshot. Required.
	Snapshot func() *model.Snapshot
	// Changed returns once the current snapshot's generation is no longer
	// after, or with the context's error. By default Snapshot is asked four
	// times a second while somebody looks at the page.
	Changed func(ctx context.Context, after uint64) error
	// Info says what the process is. By default it says nothing.
	Info func() wire.Info
	// Ready is nil once the process serves what it should; each line of the
	// error is one reason why not. By default it is always ready.
	Ready func() error
	// Metrics serves /metrics. By default nothing does.
	Metrics http.Handler
	// Hosts are names, beside IP addresses and localhost, by which the page may
	// be reached: the host of the listen address, if that is a name.
	Hosts []string
}

// server holds a Config whose every field is set.
type server struct {
	Config
	page page
}

// Handler serves the status page and its machine-readable siblings. The
// streams of /events last until their request's context ends: give the
// http.Server a BaseContext that ends at shutdown, as [Serve] does.
func Handler(c Config) http.Handler {
	s := &server{Config: c, page: newPage()}
	if s.Changed == nil {
		s.Changed = pollFor(s.Snapshot)
	}
	if s.Info == nil {
		s.Info = func() wire.Info { return wire.Info{} }
	}
	if s.Ready == nil {
		s.Ready = func() error { return nil }
	}
	if s.Metrics == nil {
		s.Metrics = http.NotFoundHandler()
	}
	mux := http.NewServeMux() // answers 405 where only the method does not fit
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET /assets/{name}", s.page.serveAsset)
	mux.HandleFunc("GET /snapshot.json", s.serveSnapshot)
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /metrics", s.Metrics)
	return guard(c.Hosts, s.Info, mux)
}

// pollFor waits for a change by asking for the snapshot, which is cheap.
func pollFor(snapshot func() *model.Snapshot) func(context.Context, uint64) error {
	return func(ctx context.Context, after uint64) error {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for generation(snapshot()) == after {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
		}
		return nil
	}
}

// generation of a snapshot, 0 for none.
func generation(s *model.Snapshot) uint64 {
	if s == nil {
		return 0
	}
	return s.Generation
}
