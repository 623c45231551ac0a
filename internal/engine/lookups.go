package engine

import "fairlead.dev/internal/model"

// lane is one of the queues for lookups. However many names are new, or silent,
// they hold up nobody else: each of their lanes has a third of the places.
type lane int

const (
	// regular: the last lookup said something, or only the last one failed.
	regular lane = iota
	// first: the name was never asked.
	first
	// retry: at least the last two lookups failed.
	retry
	lanes
)

// lookups are the questions that wait to be asked, lane by lane, and those that
// are being asked.
type lookups struct {
	waiting  [lanes][]model.Question
	inFlight map[model.Question]lane
	asking   [lanes]int
}

func (l *lookups) add(q model.Question, in lane) { l.waiting[in] = append(l.waiting[in], q) }

// done notes that the answer to a question has come.
func (l *lookups) done(q model.Question) {
	in, ok := l.inFlight[q]
	if !ok {
		return
	}
	l.asking[in]--
	delete(l.inFlight, q)
}

// take returns what to ask now, so that at most limit are asked at the same
// time. Questions that nobody wants any more are dropped.
func (l *lookups) take(limit int, wanted func(model.Question) bool) []model.Question {
	var taken []model.Question
	for in := range lanes {
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
