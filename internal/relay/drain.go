package relay

import (
	"context"
	"fmt"
)

// Connections is how many TCP connections stand now.
func (r *Relay) Connections() int { return r.tunnels.count() }

// drain waits until no TCP connection stands, and cuts those that do when ctx is
// done.
func (r *Relay) drain(ctx context.Context) error {
	select {
	case <-r.tunnels.gone():
	case <-ctx.Done():
	}
	r.cutOnce.Do(func() { close(r.cut) })
	if n := r.tunnels.cut(); n > 0 {
		return fmt.Errorf("connections reset that had not ended in time: %d", n)
	}
	return nil
}
