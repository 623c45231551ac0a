//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// unit says what a value counts, in base units, and so how it is written.
type unit int

const (
	perSecond unit = iota
	bytesPerSecond
	seconds
	mebibytes
	cores
	counts
)

// scale is how values around v are written: in which unit, how many of the base
// unit that is, and with how many decimals.
func (u unit) scale(v float64) (name string, of float64, decimals int) {
	switch u {
	case perSecond:
		return "/s", 1, 0
	case bytesPerSecond:
		return "GB/s", 1e9, 2
	case mebibytes:
		return "MiB", 1 << 20, 1
	case cores:
		return "%", 0.01, 2
	case counts:
		if v == math.Trunc(v) {
			return "", 1, 0
		}
		return "", 1, 2
	}
	switch a := math.Abs(v); {
	case a < 1e-3:
		return "µs", 1e-6, 1
	case a < 1:
		return "ms", 1e-3, 2
	}
	return "s", 1, 2
}

func (u unit) format(v float64) string { return u.list(v) }

// list writes values in the unit that suits the median.
func (u unit) list(values ...float64) string {
	name, of, decimals := u.scale(median(values))
	var texts []string
	for _, v := range values {
		texts = append(texts, number(v/of, decimals))
	}
	return strings.TrimSpace(strings.Join(texts, ", ") + " " + name)
}

// spread is the median with the range around it.
func (u unit) spread(values []float64) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return u.format(values[0])
	}
	m := median(values)
	name, of, decimals := u.scale(m)
	return fmt.Sprintf("%s (%s to %s) %s", number(m/of, decimals),
		number(slices.Min(values)/of, decimals), number(slices.Max(values)/of, decimals), name)
}

// number writes v with commas between thousands.
func number(v float64, decimals int) string {
	text := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	if v < 0 {
		return "-" + whole
	}
	return whole
}

// thousands writes a count.
func thousands(n int) string { return number(float64(n), 0) }

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
