package dash

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// How long clients may take. Answers have no deadline of their own, since
// /events never ends; it sets one for each event.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 3 * time.Second
)

// Serve serves [Handler] on l until ctx ends, then ends the open streams, lets
// other requests finish for a moment, and returns nil. It closes l.
func Serve(ctx context.Context, l net.Listener, c Config) error {
	srv := &http.Server{
		Handler:           Handler(c),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve the status page on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := srv.Shutdown(drain); err != nil {
		_ = srv.Close() // what has not finished by now is cut off
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the status page on %s: %w", l.Addr(), err)
	}
	return nil
}
