//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// section is what the page says about one subject.
type section struct {
	title string
	// about says how it was measured, in paragraphs.
	about []string
	// skipped is why there is nothing to show, if so.
	skipped string
	// peer and base name the columns of the rows' peers, if they have any.
	peer, base string
	rows       []row
}

// row is one measure: a value of each subject and round.
type row struct {
	// id names what there is to say if the goal is missed; see shortfall.
	id, what string
	// setup tells peers apart that are set up in several ways.
	setup            string
	unit             unit
	ours, peer, base []float64
	goal             goal
}

func (s *section) add(r row) { s.rows = append(s.rows, r) }

// goal is what a row is to reach; the zero value is none.
type goal struct {
	text string
	met  func(r row) bool
}

// atLeast wants x times the peer's value or more.
func atLeast(x float64, peer string) goal {
	return goal{fmt.Sprintf("≥ %.4g × %s", x, peer), func(r row) bool { return r.ratio() >= x }}
}

// above wants more than the peer's value.
func above(peer string) goal {
	return goal{"> " + peer, func(r row) bool { return r.ratio() > 1 }}
}

// atMost wants x times the peer's value or less.
func atMost(x float64, peer string) goal {
	return goal{fmt.Sprintf("≤ %.4g × %s", x, peer), func(r row) bool { return r.ratio() <= x }}
}

// below wants less than a fixed value.
func below(v float64, u unit) goal {
	return goal{"< " + u.format(v), func(r row) bool { return median(r.ours) < v }}
}

// none wants that nothing is counted.
func none() goal {
	return goal{"0", func(r row) bool { return quantile(r.ours, 1) == 0 }}
}

// beside is what the row is about, with the peer's set-up.
func (r row) beside(peer string) string {
	if r.setup == "" {
		return r.what
	}
	return r.what + ", " + peer + " " + r.setup
}

// ratio is ours to the peer's: the median over the rounds of the ratio in each,
// which a machine that is slow for a while does not change. Differences that go
// below zero have none.
func (r row) ratio() float64 {
	for _, v := range slices.Concat(r.ours, r.peer) {
		if v < 0 {
			return math.NaN()
		}
	}
	return median(each(r.ours, r.peer, ratio))
}

// measured reports whether a row has what its goal needs.
func (r row) measured() bool {
	return !math.IsNaN(median(r.ours)) && (r.peer == nil || !math.IsNaN(r.ratio()))
}

func (r row) verdict() string {
	switch {
	case r.goal.met == nil || !r.measured():
		return ""
	case r.goal.met(r):
		return "met"
	}
	return "**missed**"
}

func (r row) missed() bool { return r.verdict() == "**missed**" }
