//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"time"
)

// wrk is the HTTP load generator of that name.
type wrk struct {
	path                           string
	rate, total, p50, p99, trouble *regexp.Regexp
}

func newWrk() (*wrk, error) {
	path, err := find("wrk", "wrk")
	return &wrk{
		path:    path,
		rate:    regexp.MustCompile(`Requests/sec:\s+([\d.]+)`),
		total:   regexp.MustCompile(`(\d+) requests in`),
		p50:     regexp.MustCompile(`(?m)^\s+50%\s+(\S+)`),
		p99:     regexp.MustCompile(`(?m)^\s+99%\s+(\S+)`),
		trouble: regexp.MustCompile(`(?m)^.*(?:Socket errors|Non-2xx).*$`),
	}, err
}

// httpLoad is what wrk saw.
type httpLoad struct{ rate, total, p50, p99 float64 }

// load asks as fast as it can over connections that stay, or over a new one for
// each request.
func (w *wrk) load(ctx context.Context, at netip.AddrPort, took time.Duration, connections int, keepAlive bool) (httpLoad, error) {
	var got httpLoad
	whole := max(time.Second, took.Round(time.Second)) // it knows no parts of seconds
	args := []string{"-t2", "-c" + strconv.Itoa(connections), "-d" + whole.String(), "--latency", "--timeout", "2s"}
	if !keepAlive {
		args = append(args, "-H", "Connection: close")
	}
	out, err := output(ctx, whole+15*time.Second, w.path, append(args, "http://"+at.String()+"/")...)
	if err != nil {
		return got, err
	}
	if trouble := w.trouble.FindString(out); trouble != "" {
		return got, fmt.Errorf("wrk at %s: %s", at, trouble)
	}
	if got.rate, err = parse(out, w.rate); err != nil {
		return got, err
	}
	if got.total, err = parse(out, w.total); err != nil {
		return got, err
	}
	if got.p50, err = duration(out, w.p50); err != nil {
		return got, err
	}
	got.p99, err = duration(out, w.p99)
	return got, err
}

// duration finds a duration such as 635.00us, in seconds.
func duration(text string, pattern *regexp.Regexp) (float64, error) {
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("nothing matches %q in %.2000s", pattern, text)
	}
	d, err := time.ParseDuration(m[1])
	return d.Seconds(), err
}
