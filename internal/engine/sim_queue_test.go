package engine

import (
	"container/heap"
	"time"
)

// simEvent is something that happens in a simulated world.
type simEvent struct {
	at time.Duration
	// order tells events of one moment apart: those that were planned first come
	// first.
	order int
	do    func()
}

// simQueue is what will happen, the earliest first.
type simQueue struct {
	events  []simEvent
	planned int
}

func (q *simQueue) plan(at time.Duration, do func()) {
	q.planned++
	heap.Push(q, simEvent{at, q.planned, do})
}

func (q *simQueue) take() simEvent { return heap.Pop(q).(simEvent) }

func (q *simQueue) Len() int { return len(q.events) }

func (q *simQueue) Less(i, j int) bool {
	a, b := &q.events[i], &q.events[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}

func (q *simQueue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }

func (q *simQueue) Push(x any) { q.events = append(q.events, x.(simEvent)) }

func (q *simQueue) Pop() any {
	last := q.events[len(q.events)-1]
	q.events[len(q.events)-1] = simEvent{}
	q.events = q.events[:len(q.events)-1]
	return last
}
