//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// page is what is written at the end.
type page struct {
	machine  []string
	date     time.Time
	took     time.Duration
	quick    bool
	rounds   int
	sections []*section
	// kept is the page as it stands, of which the sections stay that were not
	// measured.
	kept *standingPage
}

const intro = `# Benchmarks

Written by ` + "`make bench`" + `; do not edit. All figures come from one run on one machine, with everything on it: the program measured, its peer, the clients and what they talk to share the cores. So compare columns, not machines. Fairlead and its peers are measured in turn in each of %d rounds, in another order each time. A figure is the median over the rounds, with the lowest and the highest round in parentheses; a ratio is the median of the rounds' ratios. Every answer and every byte stream is checked to be right before it is timed.

`

const (
	everyValue  = "Every value"
	aboutValues = "What is behind the medians, in the order in which it was measured.\n"
)

func (p page) markdown() string {
	if p.kept != nil {
		return p.kept.with(p)
	}
	w := new(strings.Builder)
	fmt.Fprintf(w, intro, p.rounds)
	fmt.Fprintf(w, "Measured on %s in %s", p.date.UTC().Format("2 January 2006"), p.took.Round(time.Second))
	if p.quick {
		fmt.Fprint(w, ", with `-quick`: a first impression, not figures to quote")
	}
	fmt.Fprint(w, ".\n\n")
	for _, line := range p.machine {
		fmt.Fprintf(w, "- %s\n", line)
	}
	for _, s := range p.sections {
		s.markdown(w)
	}
	raw := new(strings.Builder)
	for _, s := range p.sections {
		s.raw(raw)
	}
	if raw.Len() > 0 {
		fmt.Fprint(w, "\n## "+everyValue+"\n\n"+aboutValues, raw)
	}
	return w.String()
}

func (s *section) markdown(w *strings.Builder) {
	fmt.Fprintf(w, "\n## %s\n\n", s.title)
	for _, text := range s.about {
		fmt.Fprintf(w, "%s\n\n", text)
	}
	if s.skipped != "" {
		fmt.Fprintf(w, "Not measured: %s.\n", s.skipped)
		return
	}
	rows := [][]string{s.header()}
	for _, r := range s.rows {
		rows = append(rows, s.cells(r))
	}
	writeTable(w, rows)
	s.misses(w)
}

func (s *section) header() []string {
	h := []string{"What", "fairlead"}
	if s.peer != "" {
		h = append(h, s.peer, "ratio")
	}
	if s.base != "" {
		h = append(h, s.base)
	}
	return append(h, "goal", "")
}

func (s *section) cells(r row) []string {
	c := []string{r.beside(s.peer), r.unit.spread(r.ours)}
	if s.peer != "" {
		c = append(c, r.unit.spread(r.peer), "")
		if x := r.ratio(); len(r.peer) > 0 && !math.IsNaN(x) && !math.IsInf(x, 0) {
			c[3] = fmt.Sprintf("%.2f", x)
		}
	}
	if s.base != "" {
		c = append(c, r.unit.spread(r.base))
	}
	return append(c, r.goal.text, r.verdict())
}

// misses says of each missed goal why, and what would close the gap; where that is the
// same for several, once.
func (s *section) misses(w *strings.Builder) {
	var reasons []string
	missed := map[string][]string{}
	for _, r := range s.rows {
		if !r.missed() {
			continue
		}
		why := shortfall(r.id)
		if missed[why] == nil {
			reasons = append(reasons, why)
		}
		missed[why] = append(missed[why], r.beside(s.peer))
	}
	for _, why := range reasons {
		fmt.Fprintf(w, "\n**Missed: %s.** %s\n", strings.Join(missed[why], "; "), why)
	}
}

// raw writes every value of the section; those that stand in several rows once.
func (s *section) raw(w *strings.Builder) {
	table := [][]string{{"What", "Of", "Values"}}
	for i, r := range s.rows {
		if i == 0 || s.rows[i-1].what != r.what {
			table = r.values(table, "fairlead", r.ours)
			table = r.values(table, s.base, r.base)
		}
		table = r.values(table, strings.TrimSpace(s.peer+" "+r.setup), r.peer)
	}
	if len(table) > 1 {
		fmt.Fprintf(w, "\n### %s\n\n", s.title)
		writeTable(w, table)
	}
}

// values adds a line to a table, unless the tables above say as much.
func (r row) values(table [][]string, of string, values []float64) [][]string {
	if len(values) < 2 {
		return table
	}
	return append(table, []string{r.what, of, r.unit.list(values...)})
}

func writeTable(w *strings.Builder, rows [][]string) {
	for i, cells := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|%s\n", strings.Repeat(" --- |", len(cells)))
		}
	}
}
