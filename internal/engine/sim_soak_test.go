//go:build soak

package engine

import (
	"flag"
	"testing"
	"time"
)

// simSoak is how long TestSoak goes on.
var simSoak = flag.Duration("soak", 5*time.Minute, "TestSoak: for how long to simulate")

// simLong is to show what time does.
var simLong = simScale{6, []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour}}

// TestSoak is TestSimulation with long histories, of seeds that nobody has seen. One that
// fails is told again by
//
//	go test -tags soak ./internal/engine -run TestSoak -timeout 0 -seed 42
func TestSoak(t *testing.T) {
	if *simSeed != 0 {
		tellSeed(t, *simSeed, simLong)
		return
	}
	f := &simFleet{scale: simLong}
	began := time.Now()
	f.seed.Store(uint64(began.Unix()) << 16)
	tick := time.NewTicker(*simSoak / 20)
	defer tick.Stop()
	f.run(t, func() bool {
		select {
		case <-tick.C:
			t.Logf("%s: %s", time.Since(began).Round(time.Second), f)
		default:
		}
		return time.Since(began) >= *simSoak
	})
	t.Log(f)
}
