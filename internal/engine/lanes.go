package engine

import (
	"container/heap"
	"time"
)

// lane is one of the queues for lookups, or for probes. However many names or
// endpoints are new, or silent, they hold up nobody else: each of their lanes has a
// third of the places. Nor are they held up for ever themselves: some places of each
// lane are left to it by those that are regular.
type lane int

const (
	// regular: the last try said something or failed soon, or only that one failed.
	regular lane = iota
	// first: it was never tried.
	first
	// retry: at least the last two tries failed, and that takes long.
	retry
	numLanes
	// late: it was regular, and has taken so long that it counts no more.
	late
)

// most is how many times the limit may be asked at the same time, together with
// those that are late.
const most = 4

// kept is which part of the limit each of the lanes first and retry has to itself,
// however many others wait: a sixteenth.
const kept = 16

// lanes are what waits to be asked, lane by lane, and what is being asked.
type lanes[T comparable] struct {
	waiting  [numLanes]queue[T]
	inFlight map[T]flight
	asking   [late + 1]int
	// patience is after how long a regular one leaves its place to the next, so that
	// many that fall silent at once hold up those that answer for a moment only.
	patience time.Duration
	// begun are the regular ones that were asked, the longest ago first.
	begun []begun[T]
	added uint64
}

type flight struct {
	in    lane
	since time.Time
}

type begun[T any] struct {
	what  T
	since time.Time
}

func newLanes[T comparable](patience time.Duration) lanes[T] {
	return lanes[T]{inFlight: map[T]flight{}, patience: patience}
}

// add has q wait in a lane, where those go first that have failed the fewest times:
// what fails now and then is not behind what never answers.
func (l *lanes[T]) add(q T, in lane, failures int) {
	l.added++
	heap.Push(&l.waiting[in], entry[T]{q, failures, l.added})
}

// done notes that the answer has come.
func (l *lanes[T]) done(q T) {
	f, ok := l.inFlight[q]
	if !ok {
		return
	}
	l.asking[f.in]--
	delete(l.inFlight, q)
}

// take returns what to ask now, so that at most limit are asked at the same time,
// those apart that are late. What nobody wants any more is dropped.
func (l *lanes[T]) take(now time.Time, limit int, wanted func(T) bool) []T {
	l.giveUp(now)
	var taken []T
	for in := range numLanes {
		for len(l.waiting[in]) > 0 && l.place(in, limit) {
			q := heap.Pop(&l.waiting[in]).(entry[T]).what
			if _, asked := l.inFlight[q]; asked || !wanted(q) {
				continue
			}
			l.inFlight[q] = flight{in, now}
			l.asking[in]++
			if in == regular {
				l.begun = append(l.begun, begun[T]{q, now})
			}
			taken = append(taken, q)
		}
	}
	return taken
}

// place reports whether there is a place in the lane, beside those that are kept for
// the others.
func (l *lanes[T]) place(in lane, limit int) bool {
	if in != regular && l.asking[in] >= max(1, limit/3) {
		return false
	}
	left := limit - (len(l.inFlight) - l.asking[late])
	leftInAll := most*limit - len(l.inFlight)
	others := 0
	for _, other := range []lane{first, retry} {
		if other != in {
			others += max(0, limit/kept-l.asking[other])
		}
	}
	return min(left, leftInAll) > others
}

// giveUp takes their places from those that are late.
func (l *lanes[T]) giveUp(now time.Time) {
	for len(l.begun) > 0 {
		b := l.begun[0]
		f, ok := l.inFlight[b.what]
		mine := ok && f.in == regular && f.since.Equal(b.since)
		if mine && now.Sub(b.since) < l.patience {
			return
		}
		l.begun = l.begun[1:]
		if mine {
			l.asking[regular]--
			l.asking[late]++
			l.inFlight[b.what] = flight{late, b.since}
		}
	}
}

// next is when a place may come free for what waits; zero if nothing does.
func (l *lanes[T]) next() time.Time {
	if len(l.waiting[regular])+len(l.waiting[first])+len(l.waiting[retry]) == 0 || len(l.begun) == 0 {
		return time.Time{}
	}
	return l.begun[0].since.Add(l.patience)
}
