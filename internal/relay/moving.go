package relay

import (
	"sync/atomic"
	"time"
)

// moving tells how long a connection has been silent.
type moving struct {
	moved atomic.Int64 // bytes, both ways

	last  int64 // of the sweeper alone
	since time.Time
}

// silent is for how long nothing has moved, as far as was looked. Called by the
// sweeper alone.
func (m *moving) silent(now time.Time) time.Duration {
	if moved := m.moved.Load(); m.since.IsZero() || moved != m.last {
		m.last, m.since = moved, now
	}
	return now.Sub(m.since)
}
