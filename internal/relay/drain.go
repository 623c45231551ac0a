package relay

import (
	"context"
	"fmt"
)

// drain waits until no TCP connection stands, and cuts those that do when ctx is
// done.
func (r *Relay) drain(ctx context.Context) error {
	select {
	case <-r.tunnels.gone():
	case <-ctx.Done():
	}
	r.cutOnce.Do(func() { close(r.cut) })
	if n := r.tunnels.cut(); n > 0 {
		return fmt.Errorf("close relay: %d connections were reset: %w", n, context.Cause(ctx))
	}
	return nil
}
