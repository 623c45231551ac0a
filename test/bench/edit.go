//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

func measureEdits(ctx context.Context, b *bench, s *section) error {
	s.about = []string{fmt.Sprintf("A manifest of one headless service gets another address and is saved the way most editors do, beside it and then renamed; from the rename to the first right answer over UDP, asked for every %s. %d edits at random moments. The other services are in the same folder, %d in a file.", askEvery, b.size.edits, perFile)}
	for _, n := range []int{few, b.size.many} {
		took, err := b.edits(ctx, services(n, firstOfMany))
		if err != nil {
			return err
		}
		for _, q := range []struct {
			id, text string
			q        float64
			goal     goal
		}{{"median", "median", 0.5, goal{}}, {"worst", "worst", 1, below(1, seconds)}} {
			s.add(row{
				id: "edit-" + q.id, what: fmt.Sprintf("Saved to answered, %s of %d edits, %s services beside", q.text, len(took), thousands(n)),
				unit: seconds, ours: []float64{quantile(took, q.q)}, goal: q.goal,
			})
		}
	}
	return nil
}

// edits returns how long each edit took.
func (b *bench) edits(ctx context.Context, beside []service) ([]float64, error) {
	dir, err := b.manifests(beside)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "edited.yaml")
	edited := service{name: "edited", namespace: "bench-0", clusterIP: "None", endpoints: []string{"10.200.0.1"}}
	if err := os.WriteFile(path, edited.manifest(), 0o644); err != nil {
		return nil, err
	}
	b.progress("edit: starting fairlead with %d services", len(beside))
	f, err := b.runFairlead(dir, nowhere)
	if err != nil {
		return nil, err
	}
	defer f.kill()
	if _, err := serving(ctx, f.process, f.dns, edited); err != nil {
		return nil, err
	}
	w, err := watch(f.dns, edited.host())
	if err != nil {
		return nil, err
	}
	defer w.close()

	var all []float64
	for i := range b.size.edits {
		pause(ctx, time.Duration(rand.Int64N(int64(300*time.Millisecond))))
		addr := netip.AddrFrom4([4]byte{10, 201, byte(i / 250), byte(1 + i%250)})
		edited.endpoints = []string{addr.String()}
		if err := os.WriteFile(path+"~", edited.manifest(), 0o644); err != nil {
			return nil, err
		}
		saved := time.Now()
		if err := os.Rename(path+"~", path); err != nil {
			return nil, err
		}
		at, err := w.until(ctx, edited.want(), 30*time.Second)
		if err != nil {
			return nil, err
		}
		all = append(all, at.Sub(saved).Seconds())
	}
	b.progress("edit  %5d services beside  median %s  worst %s", len(beside), seconds.format(median(all)), seconds.format(quantile(all, 1)))
	return all, check(ctx, f.dns, beside[:min(50, len(beside))])
}
