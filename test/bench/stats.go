//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// unit says what a value counts, in base units, and so how it is written.
type unit int

const (
	perSecond unit = iota
	bytesPerSecond
	seconds
	mebibytes
	cores
)

func (u unit) format(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	switch u {
	case perSecond:
		return thousands(v) + " /s"
	case bytesPerSecond:
		return fmt.Sprintf("%.2f GB/s", v/1e9)
	case mebibytes:
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	case cores:
		return fmt.Sprintf("%.2f %%", 100*v)
	}
	switch a := math.Abs(v); {
	case a < 1e-3:
		return fmt.Sprintf("%.1f µs", v*1e6)
	case a < 1:
		return fmt.Sprintf("%.2f ms", v*1e3)
	}
	return fmt.Sprintf("%.2f s", v)
}

func thousands(v float64) string {
	text := fmt.Sprintf("%.0f", v)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// median of values; not a number if there are none.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile is the smallest value that a share q of the values does not exceed;
// the median of an even count is the mean of the two in the middle.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if q == 0.5 && n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[max(0, int(math.Ceil(q*float64(n)))-1)]
}

// each applies f to the values of two subjects, round by round.
func each(a, b []float64, f func(a, b float64) float64) []float64 {
	var out []float64
	for i := range min(len(a), len(b)) {
		out = append(out, f(a[i], b[i]))
	}
	return out
}

func ratio(a, b float64) float64 { return a / b }
func minus(a, b float64) float64 { return a - b }

// table holds one value of each measure, subject and round.
type table map[string]map[string][]float64

func (t table) add(measure, subject string, v float64) {
	if t[measure] == nil {
		t[measure] = make(map[string][]float64)
	}
	t[measure][subject] = append(t[measure][subject], v)
}
