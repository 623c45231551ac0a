package engine

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	simSeed  = flag.Uint64("seed", 0, "the one seed to simulate, and to tell the story of")
	simSeeds = flag.Uint64("seeds", 30, "TestSimulation: how many seeds to simulate")
	simAll   = flag.Bool("all", false, "TestSimulation: go on after a seed that fails, and tell no story")
)

// TestSimulation runs the real engine through the histories of many seeds: DNS servers,
// hosts, networks, an API server, people and clocks, on which much goes wrong. Every
// step is held against the invariants of the design. A seed that fails tells its story,
// with as few faults as it takes; so does
//
//	go test ./internal/engine -run TestSimulation -seed 42
func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		tellSeed(t, *simSeed, simShort)
		return
	}
	f := &simFleet{scale: simShort, last: *simSeeds}
	f.run(t, func() bool { return false })
	t.Log(f)
}

// TestOneSeedOneHistory: what a seed stands for is the same at any time.
func TestOneSeedOneHistory(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		var told [2]simStory
		for i := range told {
			if broken, _ := simulate(drawPlan(seed, simShort), &told[i]); broken != nil {
				t.Fatal(broken)
			}
		}
		if len(told[0].lines) < 40 {
			t.Errorf("seed %d has a story of %d lines only", seed, len(told[0].lines))
		}
		for i, line := range told[0].lines {
			if i >= len(told[1].lines) || told[1].lines[i] != line {
				t.Fatalf("seed %d has two histories: they part at\n%s", seed, line)
			}
		}
	}
}

// tellSeed tells the story of one seed.
func tellSeed(t *testing.T, seed uint64, scale simScale) {
	p := drawPlan(seed, scale)
	if broken, _ := simulate(p, nil); broken != nil {
		p = shrink(drawPlan(seed, scale), broken)
	}
	story := &simStory{}
	broken, _ := simulate(p, story)
	t.Log("\n" + strings.Join(story.lines, "\n"))
	if broken != nil {
		t.Error(broken)
	}
}

// simFleet simulates seeds on all cores.
type simFleet struct {
	scale simScale
	// last is the last seed; 0 is none.
	last uint64

	seed, seeds, turns, virtual atomic.Uint64
	failed                      atomic.Bool
}

func (f *simFleet) String() string {
	return fmt.Sprintf("%d seeds, %.0f virtual hours, %d steps", f.seeds.Load(), time.Duration(f.virtual.Load()).Hours(), f.turns.Load())
}

// run simulates until there is no more seed, one has failed, or done says so.
func (f *simFleet) run(t *testing.T, done func() bool) {
	// Histories leave much behind, and need little at a time.
	defer debug.SetGCPercent(debug.SetGCPercent(1600))
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for !f.failed.Load() && !done() {
				seed := f.seed.Add(1)
				if f.last != 0 && seed > f.last {
					return
				}
				f.one(t, seed)
			}
		})
	}
	wait.Wait()
}

func (f *simFleet) one(t *testing.T, seed uint64) {
	broken, s := simulate(drawPlan(seed, f.scale), nil)
	f.seeds.Add(1)
	f.turns.Add(uint64(s.turns))
	f.virtual.Add(uint64(s.at))
	if broken == nil {
		return
	}
	if *simAll {
		t.Errorf("seed %d: %s", seed, broken)
		return
	}
	if f.failed.Swap(true) {
		return
	}
	p := shrink(drawPlan(seed, f.scale), broken)
	story := &simStory{}
	broken, _ = simulate(p, story)
	t.Errorf("seed %d:\n%s\n%s", seed, strings.Join(story.lines, "\n"), broken)
}

func (b *breach) String() string {
	return fmt.Sprintf("%s: %s%s", b.at, b.what, b.trace)
}

// rule is which one was broken.
func (b *breach) rule() string { rule, _, _ := strings.Cut(b.what, ":"); return rule }

// shrink returns a plan with as few faults as it takes to break the same rule.
func shrink(p *simPlan, broken *breach) *simPlan {
	for again := true; again; {
		again = false
		for r := range p.rounds {
			for _, of := range []*[]simFault{&p.rounds[r].faults, &p.rounds[r].harmless} {
				for i := len(*of) - 1; i >= 0; i-- {
					all := *of
					*of = append(append([]simFault{}, all[:i]...), all[i+1:]...)
					if b, _ := simulate(p, nil); b == nil || b.rule() != broken.rule() {
						*of = all
						continue
					}
					again = true
				}
			}
		}
	}
	return p
}
