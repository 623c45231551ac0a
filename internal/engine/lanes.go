package engine

// lane is one of the queues for lookups, or for probes. However many names or
// endpoints are new, or silent, they hold up nobody else: each of their lanes has a
// third of the places.
type lane int

const (
	// regular: the last try said something, or only the last one failed.
	regular lane = iota
	// first: it was never tried.
	first
	// retry: at least the last two tries failed.
	retry
	numLanes
)

// lanes are what waits to be asked, lane by lane, and what is being asked.
type lanes[T comparable] struct {
	waiting  [numLanes][]T
	inFlight map[T]lane
	asking   [numLanes]int
}

func newLanes[T comparable]() lanes[T] { return lanes[T]{inFlight: map[T]lane{}} }

func (l *lanes[T]) add(q T, in lane) { l.waiting[in] = append(l.waiting[in], q) }

// done notes that the answer has come.
func (l *lanes[T]) done(q T) {
	in, ok := l.inFlight[q]
	if !ok {
		return
	}
	l.asking[in]--
	delete(l.inFlight, q)
}

// take returns what to ask now, so that at most limit are asked at the same
// time. What nobody wants any more is dropped.
func (l *lanes[T]) take(limit int, wanted func(T) bool) []T {
	var taken []T
	for in := range numLanes {
		share := limit
		if in != regular {
			share = max(1, limit/3)
		}
		for len(l.waiting[in]) > 0 && len(l.inFlight) < limit && l.asking[in] < share {
			q := l.waiting[in][0]
			l.waiting[in] = l.waiting[in][1:]
			if _, asked := l.inFlight[q]; asked || !wanted(q) {
				continue
			}
			l.inFlight[q] = in
			l.asking[in]++
			taken = append(taken, q)
		}
	}
	return taken
}
