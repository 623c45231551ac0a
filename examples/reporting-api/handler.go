package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// patience is how long a database may take. It is well below the period of the
// Pod's probes, which would otherwise see a timeout instead of the reason.
const patience = 3 * time.Second

func handler(sources []source) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /reports", func(w http.ResponseWriter, r *http.Request) {
		answers := askAll(r.Context(), sources, source.report)
		status := http.StatusOK
		for _, a := range answers {
			if a.Error != "" {
				status = http.StatusBadGateway
			}
		}
		answer(w, status, answers)
	})
	// For the readiness probe: without its databases it cannot serve.
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		answers := askAll(r.Context(), sources, source.health)
		status := http.StatusOK
		for name, health := range answers {
			if health != "ok" {
				status = http.StatusServiceUnavailable
				slog.Warn("not healthy", "database", name, "error", health)
			}
		}
		answer(w, status, answers)
	})
	// For the liveness probe: a restart brings no database back, so this one
	// asks none.
	mux.HandleFunc("GET /live", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "ok")
	})
	return mux
}

// askAll asks all databases at once, and gives what they said by their names.
func askAll[T any](ctx context.Context, sources []source, ask func(source, context.Context) T) map[string]T {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var (
		wait    sync.WaitGroup
		mu      sync.Mutex
		answers = make(map[string]T, len(sources))
	)
	for _, s := range sources {
		wait.Go(func() {
			a := ask(s, ctx)
			mu.Lock()
			defer mu.Unlock()
			answers[s.name] = a
		})
	}
	wait.Wait()
	return answers
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // a client that has gone needs no answer
}
