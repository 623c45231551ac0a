//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dnsperf is DNS-OARC's load generator with one file of questions.
type dnsperf struct {
	path, questions string
	patterns        patterns
}

type patterns struct{ completed, lost, rate, good, line *regexp.Regexp }

// newDNSPerf writes one question for each service, in random order.
func (b *bench) newDNSPerf(all []service) (*dnsperf, error) {
	path, err := find("dnsperf", "dnsperf")
	if err != nil {
		return nil, err
	}
	dir, err := b.folder("dnsperf")
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(all)) {
		fmt.Fprintf(&text, "%s A\n", all[i].host())
	}
	questions := filepath.Join(dir, "questions")
	return &dnsperf{path, questions, patterns{
		completed: regexp.MustCompile(`Queries completed:\s+(\d+)`),
		lost:      regexp.MustCompile(`Queries lost:\s+(\d+)`),
		rate:      regexp.MustCompile(`Queries per second:\s+([\d.]+)`),
		good:      regexp.MustCompile(`NOERROR (\d+) `),
		line:      regexp.MustCompile(`(?m)^> NOERROR \S+ A ([\d.]+)$`),
	}}, os.WriteFile(questions, []byte(text.String()), 0o644)
}

// clients is how many sockets dnsperf asks from. Many, as in a cluster: a server
// that spreads its queries over sockets does so by where they come from.
const clients = "64"

// flood asks as fast as it can and returns queries per second and in total.
func (d *dnsperf) flood(ctx context.Context, server netip.AddrPort, took time.Duration) (rate, total float64, err error) {
	out, err := d.run(ctx, server, took, "-q", "200")
	if err != nil {
		return 0, 0, err
	}
	if rate, err = parse(out, d.patterns.rate); err != nil {
		return 0, 0, err
	}
	total, err = parse(out, d.patterns.completed)
	return rate, total, err
}

// paced asks at a fixed rate and returns how long each answer took, in seconds.
func (d *dnsperf) paced(ctx context.Context, server netip.AddrPort, took time.Duration, perSecond int) ([]float64, error) {
	out, err := d.run(ctx, server, took, "-Q", strconv.Itoa(perSecond), "-v")
	if err != nil {
		return nil, err
	}
	var all []float64
	for _, m := range d.patterns.line.FindAllStringSubmatch(out, -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("dnsperf printed no answer: %.500s", out)
	}
	return all, nil
}

// run runs dnsperf once. Lost queries and any answer but NOERROR are an error:
// every name exists.
func (d *dnsperf) run(ctx context.Context, server netip.AddrPort, took time.Duration, args ...string) (string, error) {
	args = append([]string{
		"-s", server.Addr().String(), "-p", strconv.Itoa(int(server.Port())), "-d", d.questions,
		"-c", clients, "-T", "1", "-t", "2", "-l", strconv.FormatFloat(took.Seconds(), 'f', 3, 64),
	}, args...)
	out, err := output(ctx, took+15*time.Second, d.path, args...)
	if err != nil {
		return "", err
	}
	completed, err := parse(out, d.patterns.completed)
	if err != nil {
		return "", err
	}
	lost, err := parse(out, d.patterns.lost)
	if err != nil {
		return "", err
	}
	good, err := parse(out, d.patterns.good)
	if err != nil {
		return "", err
	}
	if lost > completed/1000 || good < completed {
		return "", fmt.Errorf("of %.0f queries to %s %.0f were lost, and %.0f answers were NOERROR", completed+lost, server, lost, good)
	}
	return out, nil
}

// parse finds a number in what a load generator printed.
func parse(text string, pattern *regexp.Regexp) (float64, error) {
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("nothing matches %q in %.2000s", pattern, text)
	}
	return strconv.ParseFloat(m[1], 64)
}
