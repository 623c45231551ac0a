//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// metrics are what a program says of itself in Prometheus' text format, without the
// labels: the sum of all series of a name, how many they are, and how many of them
// are zero.
type metrics struct {
	sum, count, zero map[string]float64
	// buckets are those of histograms, cumulative: by name and upper bound.
	buckets map[string]map[float64]float64
}

// scrape reads the metrics of a program, by way of dial.
func scrape(ctx context.Context, dial func(ctx context.Context, network, addr string) (net.Conn, error), url string) (metrics, error) {
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return metrics{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return metrics{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return metrics{}, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return readMetrics(resp.Body)
}

func readMetrics(from io.Reader) (metrics, error) {
	m := metrics{map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]map[float64]float64{}}
	bound := regexp.MustCompile(`le="([^"]*)"`)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		v, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			return m, fmt.Errorf("read metrics: %w", err)
		}
		name, labels, _ := strings.Cut(line[:at], "{")
		m.sum[name] += v
		m.count[name]++
		if v == 0 {
			m.zero[name]++
		}
		of, is := strings.CutSuffix(name, "_bucket")
		le := bound.FindStringSubmatch(labels)
		if !is || le == nil {
			continue
		}
		upper, err := strconv.ParseFloat(le[1], 64)
		if err != nil {
			return m, fmt.Errorf("read metrics: %w", err)
		}
		if m.buckets[of] == nil {
			m.buckets[of] = map[float64]float64{}
		}
		m.buckets[of][upper] += v
	}
	return m, lines.Err()
}

// quantile is that of a histogram since an earlier scrape, as Prometheus has it: even
// within a bucket.
func (m metrics) quantile(name string, q float64, before metrics) float64 {
	bounds := make([]float64, 0, len(m.buckets[name]))
	for le := range m.buckets[name] {
		bounds = append(bounds, le)
	}
	slices.Sort(bounds)
	of := func(le float64) float64 { return m.buckets[name][le] - before.buckets[name][le] }
	rank := q * of(math.Inf(1))
	low, below := 0.0, 0.0
	for _, le := range bounds {
		if n := of(le); n >= rank && n > below {
			if math.IsInf(le, 1) {
				return low
			}
			return low + (le-low)*(rank-below)/(n-below)
		}
		low, below = le, of(le)
	}
	return math.NaN()
}
