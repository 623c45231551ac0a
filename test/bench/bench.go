//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"fairlead.dev/test/cluster"
)

// bench is one run: its sizes, its files, and what it has started.
type bench struct {
	opts    options
	size    size
	dir     string // of temporary files
	binary  string // the program under test
	log     io.Writer
	began   time.Time
	cleanup []func() // of the section that is measured
	last    func()
	tier    *cluster.Cluster
}

// size bounds every load in time and count.
type size struct {
	rounds  int
	load    time.Duration // one load on one subject
	steady  time.Duration // one load at a fixed rate
	many    int           // services of the large set
	starts  int           // of the small set
	bigOnes int           // starts of the large set
	rest    time.Duration // until memory at rest is read
	edits   int
	follow  time.Duration // how long outside records change
	kube    kubeSize
}

// kubeSize is that of what runs on a cluster.
type kubeSize struct {
	services  int           // that stand beside what is measured
	edits     int           // of each kind
	drift     int           // slices that are changed by hand
	handovers int           // of each kind
	moves     int           // of traffic
	failovers int           // of each kind of fault and way
	many      int           // services of the cold start
	rest      time.Duration // at which nothing is asked for
}

func newBench(ctx context.Context, o options) (*bench, error) {
	b := &bench{opts: o, binary: o.binary, log: os.Stderr, began: time.Now()}
	b.size = size{
		rounds: o.rounds, load: 2 * time.Second, steady: 1500 * time.Millisecond,
		many: 10_000, starts: 15, bigOnes: 5, rest: 10 * time.Second, edits: 30, follow: 25 * time.Second,
		kube: kubeSize{services: 1000, edits: 200, drift: 100, handovers: 2, moves: 15, failovers: 5, many: 10_000, rest: time.Minute},
	}
	if o.quick {
		b.size = size{
			rounds: min(2, o.rounds), load: 500 * time.Millisecond, steady: 500 * time.Millisecond,
			many: 10_000, starts: 5, bigOnes: 1, rest: 2 * time.Second, edits: 5, follow: 6 * time.Second,
			kube: kubeSize{services: 1000, edits: 20, drift: 10, handovers: 1, moves: 5, failovers: 1, many: 10_000, rest: 15 * time.Second},
		}
	}
	dir, err := newWorkdir()
	if err != nil {
		return nil, err
	}
	b.dir = dir.path
	b.last = dir.remove
	if b.binary != "" {
		return b, nil
	}
	b.binary = filepath.Join(b.dir, "fairlead")
	b.progress("building fairlead")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", b.binary, "fairlead.dev/cmd/fairlead").CombinedOutput()
	if err != nil {
		b.close()
		return nil, fmt.Errorf("building the program under test: %w\n%s", err, out)
	}
	return b, nil
}

// atEnd has f called when the section ends.
func (b *bench) atEnd(f func()) { b.cleanup = append(b.cleanup, f) }

// endSection ends what a section has started, save the control tier.
func (b *bench) endSection() {
	for _, f := range slices.Backward(b.cleanup) {
		f()
	}
	b.cleanup = nil
}

// endTier ends the control tier, if it runs: it takes some CPU even at rest.
func (b *bench) endTier() {
	if b.tier == nil {
		return
	}
	if err := b.tier.Stop(); err != nil {
		b.progress("%v", err)
	}
	b.tier = nil
}

func (b *bench) close() {
	b.endSection()
	b.endTier()
	b.last()
}

// folder makes a directory of its own.
func (b *bench) folder(name string) (string, error) {
	return os.MkdirTemp(b.dir, name+"-")
}

func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(b.log, "%6.1fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// missingError is a program that this machine does not have.
type missingError struct{ program, pkg string }

func (e *missingError) Error() string {
	return fmt.Sprintf("%s is not installed; on Debian: apt-get install %s", e.program, e.pkg)
}

// find returns a program's path; Debian keeps servers out of a user's PATH.
func find(program, pkg string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	if path, err := exec.LookPath("/usr/sbin/" + program); err == nil {
		return path, nil
	}
	return "", &missingError{program, pkg}
}

// freePort finds a port of a loopback address that is free over TCP and UDP.
func freePort(addr netip.Addr) (netip.AddrPort, error) {
	for range 20 {
		l, err := net.Listen("tcp4", netip.AddrPortFrom(addr, 0).String())
		if err != nil {
			return netip.AddrPort{}, err
		}
		got := l.Addr().(*net.TCPAddr).AddrPort()
		udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(got))
		l.Close()
		if err == nil {
			udp.Close()
			return got, nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("no port of %s is free over TCP and UDP", addr)
}

// inTurn measures every subject in each of n rounds, ours beside its peers and
// never all of one first: the machine's speed changes with time. The order
// turns with the rounds.
func inTurn[S any](ctx context.Context, n int, subjects []S, measure func(round int, s S) error) error {
	for round := range n {
		for i := range subjects {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := measure(round, subjects[(i+round)%len(subjects)]); err != nil {
				return err
			}
		}
	}
	return nil
}
