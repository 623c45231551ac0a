//go:build linux

// Command bench measures fairlead beside its peers in one run and writes a page
// about it: local DNS beside CoreDNS on a real API server, the relay beside
// HAProxy and no relay at all, the gateway beside HAProxy and nginx, the start, memory, and how soon an edit or a
// changed outside record is served; and the controller on a real cluster, beside
// the same writes by hand.
//
//	go run ./test/bench -o docs/benchmarks.md
//	go run ./test/bench -quick -only relay
//
// Everything ends with the command and runs on loopback addresses of this machine,
// without root, but for the section of a node's traffic, which has namespaces of
// its own. It asserts nothing about time: figures that miss their goal
// are shown as such, and it fails only where it cannot measure, a wrong answer
// included. It is not a test and nothing of it is part of the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) >= 2 && os.Args[1] == backendRole {
		exit(backend(ctx, os.Stdout, os.Args[2:]))
	}
	if len(os.Args) == 2 && os.Args[1] == targetsRole {
		exit(targets(ctx))
	}
	if len(os.Args) == 4 && os.Args[1] == knockRole {
		exit(knock(os.Args[2], os.Args[3]))
	}
	exit(run(ctx))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// options are the flags.
type options struct {
	out    string
	binary string
	only   string
	rounds int
	quick  bool
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.out, "o", "", "`file` to write the page to (default standard output)")
	flag.StringVar(&o.only, "only", "", "`sections` to measure, with commas between; the page that -o names keeps its others: "+strings.Join(names(), ","))
	flag.StringVar(&o.binary, "fairlead", "", "`program` to measure (default one built now)")
	flag.IntVar(&o.rounds, "rounds", 5, "how many times everything is measured in turn")
	flag.BoolVar(&o.quick, "quick", false, "a few minutes instead of twelve, for a first impression")
	flag.Parse()
	chosen, err := o.sections()
	if err != nil {
		return err
	}

	began := time.Now()
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	p := page{machine: b.machine(ctx), date: began, quick: o.quick, rounds: b.size.rounds}
	if o.only != "" && o.out != "" {
		if p.kept, err = readPage(o.out); err != nil {
			return err
		}
	}
	var failures []error
	for i, s := range chosen {
		if !slices.ContainsFunc(chosen[i:], func(k kind) bool { return k.tier }) {
			b.endTier()
		}
		b.progress("== %s", s.name)
		got := &section{title: s.title}
		err := s.measure(ctx, b, got)
		b.endSection()
		var missing *missingError
		switch {
		case ctx.Err() != nil:
			return errors.New("interrupted")
		case errors.As(err, &missing):
			b.progress("skipped: %v", err)
			got.skipped = missing.Error()
		case err != nil:
			failures = append(failures, fmt.Errorf("%s: %w", s.name, err))
			got.skipped = "measuring failed in this run"
		}
		p.sections = append(p.sections, got)
	}
	p.took = time.Since(began)
	return b.deliver(p, errors.Join(failures...))
}

// deliver writes the page. One with a failure in it replaces no good one.
func (b *bench) deliver(p page, failure error) error {
	text := p.markdown()
	if b.opts.out == "" || failure != nil {
		fmt.Print(text)
		return failure
	}
	b.progress("writing %s after %s", b.opts.out, p.took.Round(time.Second))
	return os.WriteFile(b.opts.out, []byte(text), 0o644)
}

// kind is one section that can be asked for.
type kind struct {
	name, title string
	tier        bool // it wants the control tier
	measure     func(context.Context, *bench, *section) error
}

func kinds() []kind {
	return []kind{
		{"dns", "Local DNS", true, measureDNS},
		{"start", "Start and memory", true, measureStart},
		{"relay", "Relay", false, measureRelay},
		{"gateway", "Gateway", false, measureGateway},
		{"edit", "Edit to answer", false, measureEdits},
		{"record", "Outside record to answer", false, measureRecords},
		{"probes", "Probes: 10,000 services", false, measureProbes},
		{"slice", "Kubernetes: decision to slice", false, measureSlices},
		{"traffic", "Kubernetes: slice to traffic", false, measureTraffic},
		{"failover", "Kubernetes: failover", false, measureFailover},
		{"cold", "Kubernetes: 10,000 services", false, measureCold},
	}
}

func names() []string {
	var all []string
	for _, k := range kinds() {
		all = append(all, k.name)
	}
	return all
}

func (o options) sections() ([]kind, error) {
	if o.rounds < 1 {
		return nil, fmt.Errorf("-rounds %d: at least 1", o.rounds)
	}
	if o.only == "" {
		return kinds(), nil
	}
	var chosen []kind
	for _, name := range strings.Split(o.only, ",") {
		i := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only %q: the sections are %s", name, strings.Join(names(), ", "))
		}
		chosen = append(chosen, kinds()[i])
	}
	return chosen, nil
}
