package metrics

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestChildrenAreMadeOnce(t *testing.T) {
	var c children[int, *int]
	var made atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			<-start
			for k := range 200 {
				if v := c.get(k, func(k int) *int {
					made.Add(1)
					runtime.Gosched() // lets another one in, if it may
					return &k
				}); *v != k {
					t.Errorf("the child of %d is %d", k, *v)
				}
			}
		})
	}
	close(start)
	wg.Wait()
	if made.Load() != 200 {
		t.Errorf("%d children were made for 200 keys", made.Load())
	}
}
