//go:build linux

package cluster

import (
	"context"
	"fmt"
	"time"
)

// poll calls try every interval until it returns nil. It gives up, even in the
// middle of a try, when ctx or one of the processes that it needs ends; the
// error says which, and what was missing.
func poll(ctx context.Context, interval time.Duration, try func(context.Context) error, needs ...*process) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, p := range needs {
		go func() {
			select {
			case <-p.done:
				cancel(fmt.Errorf("%s has ended (%v)", p.name, p.err))
			case <-ctx.Done():
			}
		}()
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w; last seen: %w", context.Cause(ctx), err)
		}
	}
}
