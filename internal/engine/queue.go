package engine

import "cmp"

// entry is what waits in a lane.
type entry[T any] struct {
	what     T
	failures int
	// turn grows with each entry.
	turn uint64
}

// queue implements [container/heap.Interface]: those that have failed the fewest
// times first, and among equals those that came first.
type queue[T any] []entry[T]

func (q queue[T]) Len() int { return len(q) }

func (q queue[T]) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].failures, q[j].failures), cmp.Compare(q[i].turn, q[j].turn)) < 0
}

func (q queue[T]) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q *queue[T]) Push(x any) { *q = append(*q, x.(entry[T])) }

func (q *queue[T]) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
