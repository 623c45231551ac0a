package traffic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Gap is a time without service, as clients see it.
type Gap struct {
	// From is when the last connection began that went well, To when the next one
	// did. Connections failed between them.
	From, To time.Time
	// Open says that none did: To is when the last connection began.
	Open bool
	// Failed is how many did not go well.
	Failed int
}

// Length is how long it was.
func (g Gap) Length() time.Duration { return g.To.Sub(g.From) }

// Gaps are the times without service. A failure before the first success begins
// one with itself.
func (l Log) Gaps() []Gap {
	var all []Gap
	var last time.Time // when the last connection began that went well
	var open *Gap
	for _, a := range l.Attempts {
		switch {
		case a.Outcome == OK:
			if open != nil {
				open.To, open.Open = a.Began, false
				all, open = append(all, *open), nil
			}
			last = a.Began
			continue
		case open == nil:
			open = &Gap{From: last, Open: true}
			if last.IsZero() {
				open.From = a.Began
			}
		}
		open.Failed++
		open.To = a.Began
	}
	if open != nil {
		all = append(all, *open)
	}
	return all
}

// Without is the longest time without service and all of them together.
func (l Log) Without() (longest, total time.Duration) {
	for _, g := range l.Gaps() {
		longest = max(longest, g.Length())
		total += g.Length()
	}
	return longest, total
}

// Outcomes counts connections.
func (l Log) Outcomes() map[Outcome]int {
	all := map[Outcome]int{}
	for _, a := range l.Attempts {
		all[a.Outcome]++
	}
	return all
}

// Reached are the connections that a server said its name to, whether or not it
// took the row.
func (l Log) Reached(server string) []Attempt {
	var all []Attempt
	for _, a := range l.Attempts {
		if a.Server == server {
			all = append(all, a)
		}
	}
	return all
}

// Wrote are the connections whose row a server took.
func (l Log) Wrote(server string) []Attempt {
	return slices.DeleteFunc(l.Reached(server), func(a Attempt) bool { return a.Outcome != OK })
}

// Stay is a time during which one server was reached and no other.
type Stay struct {
	Server string
	// From and To are when the first and the last of its connections began.
	From, To time.Time
	Count    int
	known    time.Time // when the first of them had ended
}

// Stays are who was reached, in order. Connections run side by side: one that
// reached the former server counts as a return only if it began after another
// had ended at the new one; otherwise nobody can say which was first.
func (l Log) Stays() []Stay {
	var all []Stay
	for _, a := range l.Attempts {
		if a.Server == "" {
			continue
		}
		n := len(all)
		switch {
		case n > 0 && all[n-1].Server == a.Server:
			all[n-1].add(a)
		case n > 1 && all[n-2].Server == a.Server && a.Began.Before(all[n-1].known):
			all[n-2].add(a)
		default:
			all = append(all, Stay{Server: a.Server, From: a.Began, To: a.Began, Count: 1, known: a.End()})
		}
	}
	return all
}

func (s *Stay) add(a Attempt) {
	s.To = a.Began
	s.Count++
	if a.End().Before(s.known) {
		s.known = a.End()
	}
}

// Path is the servers of the stays.
func (l Log) Path() []string {
	var all []string
	for _, s := range l.Stays() {
		all = append(all, s.Server)
	}
	return all
}

// LateWrites are the rows that the old primary took by connections which began
// after the new one had taken a row: what a split brain is made of.
func (l Log) LateWrites(former, present string) []Attempt {
	taken := l.Wrote(present)
	if len(taken) == 0 {
		return nil
	}
	first := slices.MinFunc(taken, func(a, b Attempt) int { return a.End().Compare(b.End()) }).End()
	return slices.DeleteFunc(l.Wrote(former), func(a Attempt) bool { return a.Began.Before(first) })
}

// Lost are the rows that were taken and are not among those that stand in the
// end. With asynchronous replication some may be.
func (l Log) Lost(standing []int) []int {
	var all []int
	for _, a := range l.Attempts {
		if a.Outcome == OK && !slices.Contains(standing, a.Seq) {
			all = append(all, a.Seq)
		}
	}
	return all
}

// String is what a person wants to know first.
func (l Log) String() string {
	longest, total := l.Without()
	text := fmt.Sprintf("%d connections: %s; without service %s at the longest, %s in all; reached %s",
		len(l.Attempts), counts(l.Outcomes()), longest.Round(time.Millisecond), total.Round(time.Millisecond), strings.Join(l.Path(), ", "))
	for _, m := range l.Marks {
		text += fmt.Sprintf("\n%9.3f s  %s", m.At.Sub(l.Began).Seconds(), m.What)
	}
	for _, g := range l.Gaps() {
		text += fmt.Sprintf("\n%9.3f s  without service for %s, %d connections", g.From.Sub(l.Began).Seconds(), g.Length().Round(time.Millisecond), g.Failed)
	}
	return text
}

// counts are the outcomes, the most frequent first.
func counts(of map[Outcome]int) string {
	var all []string
	for o := range of {
		all = append(all, string(o))
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(of[Outcome(b)], of[Outcome(a)]), cmp.Compare(a, b))
	})
	for i, o := range all {
		all[i] = fmt.Sprintf("%d %s", of[Outcome(o)], o)
	}
	return strings.Join(all, ", ")
}
