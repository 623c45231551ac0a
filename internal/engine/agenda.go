package engine

import (
	"cmp"
	"container/heap"
	"time"

	"fairlead.dev/internal/model"
)

// item is something to do at a time: ask a question, probe an endpoint of a service,
// or decide a service anew.
type item struct {
	at       time.Time
	question model.Question
	service  model.Key
	check    model.Check
}

// agenda is what is planned, the earliest first. Plans that were overtaken stay
// in it until their time; whoever takes them out checks that they still hold.
// Its zero value is empty.
type agenda struct{ items items }

func (a *agenda) add(it item) { heap.Push(&a.items, it) }

// next returns the earliest item without taking it out.
func (a *agenda) next() (item, bool) {
	if len(a.items) == 0 {
		return item{}, false
	}
	return a.items[0], true
}

// drop takes the earliest item out.
func (a *agenda) drop() { heap.Pop(&a.items) }

// items implements [heap.Interface]. Ties are broken by name, so that one
// history gives one order.
type items []item

func (s items) Len() int { return len(s) }

func (s items) Less(i, j int) bool {
	a, b := &s[i], &s[j]
	if c := a.at.Compare(b.at); c != 0 {
		return c < 0 // nearly always: the names need not be looked at
	}
	return cmp.Or(
		cmp.Compare(a.question.Name, b.question.Name),
		cmp.Compare(a.question.Type, b.question.Type),
		a.service.Compare(b.service),
		a.check.Addr.Compare(b.check.Addr),
		cmp.Compare(a.check.Name, b.check.Name),
	) < 0
}

func (s items) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

func (s *items) Push(x any) { *s = append(*s, x.(item)) }

func (s *items) Pop() any {
	old := *s
	last := old[len(old)-1]
	*s = old[:len(old)-1]
	return last
}
