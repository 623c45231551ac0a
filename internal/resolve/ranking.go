package resolve

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// ranking says in which order servers are asked: in that of their list, except for
// those that were slow when they were last asked. It is safe for concurrent use.
type ranking struct {
	mu sync.Mutex
	// took is how long a server took; 0 if it was quick enough. It shrinks with every
	// exchange, so that each one is tried again some time.
	took  []time.Duration
	quick time.Duration
}

// shrink makes a server that was silent for 4 s be tried again after about 200
// exchanges.
const shrink = 64

func newRanking(n int, quick time.Duration) ranking {
	return ranking{took: make([]time.Duration, n), quick: quick}
}

// order returns the servers' indices for one exchange.
func (r *ranking) order() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	order := make([]int, len(r.took))
	for i := range order {
		order[i] = i
		r.set(i, r.took[i]-r.took[i]/shrink)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.took[a], r.took[b]) })
	return order
}

// passedOver has a server have taken at least that long, which says nothing if it is
// but a moment.
func (r *ranking) passedOver(server int, took time.Duration) {
	if took > r.quick {
		r.note(server, took)
	}
}

// note has a server have taken that long.
func (r *ranking) note(server int, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(server, took)
}

func (r *ranking) set(server int, took time.Duration) {
	if took <= r.quick {
		took = 0
	}
	r.took[server] = took
}
