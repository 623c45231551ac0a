package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
)

// children holds a metric's counters by their labels. Reading takes no lock;
// adding copies the map, so keys must be few.
type children[K comparable, V any] struct {
	current atomic.Pointer[map[K]V]
	grow    sync.Mutex
}

// get returns the child of k, made once by make.
func (c *children[K, V]) get(k K, make func(K) V) V {
	if m := c.current.Load(); m != nil {
		if v, ok := (*m)[k]; ok {
			return v
		}
	}
	c.grow.Lock()
	defer c.grow.Unlock()
	next := map[K]V{}
	if m := c.current.Load(); m != nil {
		if v, ok := (*m)[k]; ok {
			return v
		}
		next = maps.Clone(*m)
	}
	v := make(k)
	next[k] = v
	c.current.Store(&next)
	return v
}
