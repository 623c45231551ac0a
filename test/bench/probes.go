//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const probesAbout = `%s ExternalServices in one ` + "`fairlead run`" + `, each with two tiers of one address, both probed every 10 s: %s endpoints, nine of ten by ` + "`tcp`" + `, the others by ` + "`http`" + `. The primary of every second service has an outside name of its own, with a TTL of %d s; half of the services are of type ClusterIP, with a listener each, half Headless. The targets are a process on another machine (two network namespaces and a cable between): %s of them are dead, that is their machine refuses the connection, and %d are silent; half of each are primaries, and those services live on their standby.`

const probesRest = `At rest is %s in which nothing changes, once every endpoint has its verdict: memory (RSS), goroutines and sockets are the highest that was seen every second (what is in TIME_WAIT holds a port for a minute). Late is from when a probe was due until it began, by the histogram fairlead_probe_delay_seconds, even within its buckets. The answers that clients get, and every verdict, are compared before and after. One scrape of /metrics at its end is counted apart. Bare connections are as many as the probes, made one after the other by one thread with nothing but system calls.`

func measureProbes(ctx context.Context, b *bench, s *section) error {
	n, rest := b.size.many, b.size.kube.rest
	all := allWatched(n)
	down := countDown(all)
	s.about = []string{
		fmt.Sprintf(probesAbout, thousands(n), thousands(2*n), restTTL, thousands(n/deadEvery*2), n/silentEvery*2),
		fmt.Sprintf(probesRest, rest),
	}
	s.base = "bare connections"
	if os.Geteuid() != 0 {
		s.skipped = "a network of its own needs root"
		return nil
	}
	w, err := b.runProbeWorld(ctx)
	if err != nil {
		return err
	}
	dir, err := w.write(all)
	if err != nil {
		return err
	}
	b.progress("probes: starting fairlead with %d services, of which %d endpoints are not up", n, down)
	p, err := w.run(ctx, dir)
	if err != nil {
		return err
	}
	if err := p.settled(ctx, all); err != nil {
		return err
	}
	s.add(row{id: "probes-judged", what: "Start to a verdict on every endpoint", unit: seconds, ours: []float64{time.Since(p.began).Seconds()}})
	floor, err := w.floor(2*n/int(probeInterval.Seconds()), 10_000)
	if err != nil {
		return err
	}
	b.progress("probes: a bare connection takes %s of CPU", seconds.format(floor))
	pause(ctx, 2*probeInterval) // the first round is over for all
	if err := p.atRest(ctx, rest, len(all)/2, floor, s); err != nil {
		return err
	}
	return p.settled(ctx, all)
}

// probeInterval is that of the services.
const probeInterval = 10 * time.Second

// probing is the program under test in a probeWorld.
type probing struct {
	*fairlead
	world *probeWorld
	page  string
}

func (w *probeWorld) run(ctx context.Context, dir string) (*probing, error) {
	const page = "127.0.0.1:8053"
	dns := netip.MustParseAddrPort("127.112.0.10:53")
	words := slices.Concat(w.here.Enter(), []string{
		w.binary, "run", "--dns-listen", dns.String(), "--service-cidr", serviceCIDR,
		"--http-listen", page, "--upstream", w.dns.at.String(), dir,
	})
	proc, err := w.start("fairlead", exec.Command(words[0], words[1:]...))
	if err != nil {
		return nil, err
	}
	p := &probing{&fairlead{proc, dns}, w, "http://" + page + "/metrics"}
	return p, until(ctx, startLimit, func() error {
		if err := proc.alive(); err != nil {
			return &finalError{err}
		}
		_, err := p.metrics(ctx)
		return err
	})
}

func (p *probing) metrics(ctx context.Context) (metrics, error) {
	return scrape(ctx, p.world.here.Dial, p.page)
}

func countDown(all []watched) (down int) {
	for _, w := range all {
		for _, up := range []bool{w.primaryUp, w.standbyUp} {
			if !up {
				down++
			}
		}
	}
	return down
}

// settled waits until every endpoint has the right verdict and clients get the right
// answers.
func (p *probing) settled(ctx context.Context, all []watched) error {
	const verdicts = "fairlead_probe_up"
	down := float64(countDown(all))
	err := until(ctx, 5*time.Minute, func() error {
		if err := p.alive(); err != nil {
			return &finalError{err}
		}
		m, err := p.metrics(ctx)
		if err == nil && (m.count[verdicts] != float64(2*len(all)) || m.zero[verdicts] != down) {
			err = fmt.Errorf("%.0f endpoints have a verdict and %.0f are down, and should be %d and %.0f", m.count[verdicts], m.zero[verdicts], 2*len(all), down)
			pause(ctx, 500*time.Millisecond)
		}
		return err
	})
	if err != nil {
		return err
	}
	var asked []service
	for _, w := range all {
		if w.headless() {
			asked = append(asked, w.service())
		}
	}
	conn, err := p.world.here.Dial(ctx, "udp", p.dns.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	return checkOver(conn, asked)
}

// atRest leaves the program alone for a while. Floor is the CPU that a bare connection
// takes.
func (p *probing) atRest(ctx context.Context, rest time.Duration, names int, floor float64, s *section) error {
	p.world.progress("probes: at rest for %s", rest)
	before, err := p.metrics(ctx)
	if err != nil {
		return err
	}
	asked, cpu, began := p.world.dns.queries(), p.cpu(), time.Now()
	most, err := p.watch(ctx, began.Add(rest))
	if err != nil {
		return err
	}
	took := time.Since(began)
	asked, cpu = p.world.dns.queries()-asked, p.cpu()-cpu
	scraped := p.cpu()
	after, err := p.metrics(ctx)
	if err != nil {
		return err
	}
	scraped = p.cpu() - scraped
	memory, err := p.memory()
	if err != nil {
		return err
	}
	since := func(name string) float64 { return after.sum[name] - before.sum[name] }
	late := func(q float64) []float64 {
		return []float64{after.quantile("fairlead_probe_delay_seconds", q, before)}
	}
	share := cpu.Seconds() / took.Seconds()
	probes := since("fairlead_probes_total")
	p.world.progress("probes: %s, %s, %.0f probes, late p99 %s, %.0f goroutines, %.0f in TIME_WAIT, %d questions, a scrape %s",
		cores.format(share), mebibytes.format(most.memory), probes, seconds.format(late(0.99)[0]), after.sum["go_goroutines"], most.timeWait, asked, seconds.format(scraped.Seconds()))
	for _, r := range []row{
		{id: "probes-cpu", what: "CPU at rest, of one core", unit: cores, ours: []float64{share}, base: []float64{floor * probes / took.Seconds()}, goal: below(0.3, cores)},
		{id: "probes-memory", what: "Memory at rest, at most", unit: mebibytes, ours: []float64{most.memory}, goal: below(300<<20, mebibytes)},
		{id: "probes-rate", what: "Probes that ended", unit: perSecond, ours: []float64{probes / took.Seconds()}},
		{id: "probes-late-p50", what: "Probes late, median", unit: seconds, ours: late(0.5)},
		{id: "probes-late-p99", what: "Probes late, p99", unit: seconds, ours: late(0.99), goal: below(0.05, seconds)},
		{id: "probes-late-p999", what: "Probes late, p99.9", unit: seconds, ours: late(0.999)},
		{id: "probes-snapshots", what: fmt.Sprintf("Snapshots published in %s at rest", took.Round(time.Second)), unit: counts, ours: []float64{since("fairlead_snapshot_generation")}, goal: none()},
		{id: "probes-goroutines", what: "Goroutines after it", unit: counts, ours: []float64{after.sum["go_goroutines"]}},
		{id: "probes-sockets", what: "TCP sockets in use, at most", unit: counts, ours: []float64{most.sockets}},
		{id: "probes-timewait", what: "TCP sockets in TIME_WAIT, at most", unit: counts, ours: []float64{most.timeWait}, goal: none()},
		{id: "rest-dns", what: fmt.Sprintf("Questions to the outside DNS for each of %s names and TTL", thousands(names)), unit: counts, ours: []float64{float64(asked) * restTTL / took.Seconds() / float64(names)}, goal: below(2.5, counts)},
		{id: "probes-scrape", what: "CPU of one scrape of /metrics", unit: seconds, ours: []float64{scraped.Seconds()}},
		{id: "probes-scraped", what: "Memory after it", unit: mebibytes, ours: []float64{memory}},
	} {
		s.add(r)
	}
	return nil
}

// highest is the most of each that was seen.
type highest struct{ memory, sockets, timeWait float64 }

// watch looks at the process every second until end.
func (p *probing) watch(ctx context.Context, end time.Time) (highest, error) {
	var most highest
	for time.Now().Before(end) && pause(ctx, time.Second) {
		memory, err := p.memory()
		if err != nil {
			return most, err
		}
		sockets, timeWait, err := p.sockets()
		if err != nil {
			return most, err
		}
		most = highest{max(most.memory, memory), max(most.sockets, sockets), max(most.timeWait, timeWait)}
	}
	return most, ctx.Err()
}

// sockets counts the TCP sockets of the machine that the process is on: those in use,
// and those in TIME_WAIT.
func (p *process) sockets() (inUse, timeWait float64, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "net", "sockstat"))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // TCP: inuse 10 orphan 0 tw 0 alloc 12 mem 1
		if len(f) > 6 && f[0] == "TCP:" {
			if inUse, err = strconv.ParseFloat(f[2], 64); err != nil {
				return 0, 0, err
			}
			timeWait, err = strconv.ParseFloat(f[6], 64)
			return inUse, timeWait, err
		}
	}
	return 0, 0, fmt.Errorf("%s: no TCP in its sockstat", p.name)
}
