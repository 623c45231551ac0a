package relay

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func endpoints(n int) []*endpoint {
	ends := make([]*endpoint, n)
	for i := range ends {
		ends[i] = &endpoint{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 80)}
	}
	return ends
}

// Whatever is held, every endpoint is in the order once, and those that are held
// come last, save at most one whose hold has ended.
func TestOrderProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1000, 0)
		ends := endpoints(rapid.IntRange(1, 12).Draw(t, "endpoints"))
		for _, e := range ends {
			switch rapid.IntRange(0, 2).Draw(t, "state") {
			case 1:
				e.hold(now.Add(time.Second))
			case 2:
				e.hold(now.Add(-time.Second))
			}
		}
		expired := slices.ContainsFunc(ends, func(e *endpoint) bool {
			h := e.held.Load()
			return h != 0 && h <= now.UnixNano()
		})
		given := slices.Clone(ends)
		var p picker
		p.turns.Store(rapid.Uint64().Draw(t, "turn"))
		order := p.order(ends, now, 5*time.Second, inTurn)

		if !slices.Equal(ends, given) {
			t.Fatal("order changed its argument")
		}
		sorted := slices.SortedFunc(slices.Values(order), func(a, b *endpoint) int { return a.addr.Compare(b.addr) })
		if !slices.Equal(sorted, ends) {
			t.Fatalf("order has %d endpoints, want each of %d once", len(order), len(ends))
		}
		if len(ends) == 1 {
			return
		}
		rest := order
		if expired {
			if h := order[0].held.Load(); h != now.Add(5*time.Second).UnixNano() {
				t.Fatalf("the first is held until %d, want one on trial, held anew for others", h)
			}
			rest = order[1:]
		}
		if !slices.IsSortedFunc(rest, func(a, b *endpoint) int { return held(a) - held(b) }) {
			t.Fatal("one that is held comes before one that is not")
		}
	})
}

func held(e *endpoint) int {
	if e.held.Load() == 0 {
		return 0
	}
	return 1
}

// Every endpoint that is not held is first equally often, from any turn on,
// whichever others are held, and however many callers there are.
func TestOrderIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1000, 0)
		up := rapid.IntRange(1, 6).Draw(t, "up")
		ends := endpoints(up + rapid.IntRange(0, 3).Draw(t, "held"))
		for _, e := range ends[up:] {
			e.hold(now.Add(time.Second))
		}
		rounds, callers := rapid.IntRange(1, 5).Draw(t, "rounds"), rapid.IntRange(1, 4).Draw(t, "callers")
		var p picker
		p.turns.Store(rapid.Uint64Max(1<<60).Draw(t, "turn"))
		var mu sync.Mutex
		first := make(map[*endpoint]int)
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for range rounds * up {
					e := p.order(ends, now, time.Second, inTurn)[0]
					mu.Lock()
					first[e]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, e := range ends[:up] {
			if first[e] != rounds*callers {
				t.Fatalf("%s was first %d times, want %d", e.addr, first[e], rounds*callers)
			}
		}
	})
}

// When a hold ends, one of many callers tries the endpoint first.
func TestOneTrialAtATime(t *testing.T) {
	now := time.Unix(1000, 0)
	ends := endpoints(3)
	ends[1].hold(now)
	var p picker
	var mu sync.Mutex
	trials := 0
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if p.order(ends, now, time.Second, inTurn)[0] == ends[1] {
				mu.Lock()
				trials++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if trials != 1 {
		t.Errorf("%d callers tried it first, want one", trials)
	}
}

// In any run of as many turns as the weights add up to, each endpoint has as many as it
// weighs; of equal weights, each has the turn once in a round.
func TestWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ends, sum := endpoints(rapid.IntRange(1, 6).Draw(t, "endpoints")), 0
		same := rapid.Bool().Draw(t, "same")
		for i, e := range ends {
			w := rapid.IntRange(1, 100).Draw(t, "weight")
			if same && i > 0 {
				w = int(ends[0].weight.Load())
			}
			e.weight.Store(int64(w))
			sum += w
		}
		round := sum
		if same {
			round = len(ends)
		}
		got, from := make([]int, len(ends)), rapid.Uint64Max(1<<60).Draw(t, "turn")
		for i := range round {
			got[byWeight(ends, from+uint64(i))]++
		}
		for i, e := range ends {
			want := int(e.weight.Load())
			if same {
				want = 1
			}
			if got[i] != want {
				t.Fatalf("endpoint %d has %d turns of %d, want %d", i, got[i], round, want)
			}
		}
	})
}
