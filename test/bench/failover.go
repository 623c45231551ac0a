//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fairlead.dev/test/failover"
	"fairlead.dev/test/traffic"
)

const failoverAbout = `On a real node, with a PostgreSQL primary and its standby (streaming replication) on two hosts outside. A client opens a connection every 20 ms and has each write a row; in the middle of that the primary fails and the standby is promoted at once, which is not Fairlead's work and takes all columns the same time. A figure is the time without service: from the last connection that went well before the fault to the first one after it, by when they began. Each begins once the cluster is at rest: kube-proxy holds a change for up to a second after another one. Fairlead's column is an ExternalService with two tiers, ` + "`interval: 250ms`, `timeout: 150ms`, `failureThreshold: 2`, `successThreshold: 1` and a `postgres` probe with `role: primary`" + `: nobody tells it anything.`

const failoverByHand = `By hand, the standby's address is patched into the EndpointSlice of a Service without a selector, or its name into an ExternalName (CoreDNS with ` + "`cache 30`" + `; the client asks for the name before each connection). **The time until a person knows and acts is not in these columns:** kubectl is started at the moment of the fault. It is what comes on top of every figure there.`

// pictured is the fault that the picture beside the page is of.
const pictured = "kill -9"

// measureFailover has databases fail, with Fairlead and by hand.
func measureFailover(ctx context.Context, b *bench, s *section) error {
	s.peer, s.base = "EndpointSlice by hand", "ExternalName by hand"
	s.about = []string{failoverAbout, failoverByHand}
	if os.Geteuid() != 0 {
		s.skipped = "a node needs root"
		return nil
	}
	k, err := b.runKube(ctx, failover.Options())
	if err != nil {
		return err
	}
	stage, err := failover.NewStage(k.tier)
	if err != nil {
		return err
	}
	if _, err := k.runController(ctx, "10.0.1.53"); err != nil {
		return err
	}
	ways := []failover.Way{failover.Quick(), failover.Slice(), failover.CachedName()}
	var picture []traffic.Row
	for _, fault := range failover.Faults() {
		took, failed := map[string][]float64{}, map[string][]float64{}
		for round := range k.size.kube.failovers {
			for _, i := range rand.Perm(len(ways)) {
				way := ways[i]
				row, err := k.failOver(ctx, stage, way, fault)
				if err != nil {
					return err
				}
				longest, _ := row.Log.Without()
				took[way.Name] = append(took[way.Name], longest.Seconds())
				failed[way.Name] = append(failed[way.Name], float64(len(row.Log.Attempts)-row.Log.Outcomes()[traffic.OK]))
				k.progress("failover: %s, %s  %s", fault.Name, way.Name, seconds.format(longest.Seconds()))
				if fault.Name == pictured && round == 0 {
					picture = append(picture, row)
				}
			}
		}
		id := "failover-" + strings.ReplaceAll(fault.Name, " ", "-")
		s.add(row{
			id: id, what: fault.Name + ": time without service", unit: seconds,
			ours: took[ways[0].Name], peer: took[ways[1].Name], base: took[ways[2].Name],
		})
		worst := func(i int) []float64 { return []float64{quantile(took[ways[i].Name], 1)} }
		s.add(row{
			id: id + "-worst", what: fmt.Sprintf("%s: worst of %d", fault.Name, k.size.kube.failovers), unit: seconds,
			ours: worst(0), peer: worst(1), base: worst(2), goal: below(0.7, seconds),
		})
		s.add(row{
			id: id + "-failed", what: fault.Name + ": connections that failed", unit: counts,
			ours: failed[ways[0].Name], peer: failed[ways[1].Name], base: failed[ways[2].Name],
		})
	}
	return k.draw(picture)
}

// failOver plays one failover, which must be a clean one.
func (k *kube) failOver(ctx context.Context, stage *failover.Stage, way failover.Way, fault failover.Fault) (r traffic.Row, err error) {
	p, err := stage.Open(ctx, way)
	if err != nil {
		return r, err
	}
	defer func() {
		if end := p.Close(); err == nil {
			err = end
		}
	}()
	served := time.Now() // before that clients have no service because there is none yet
	if err := p.Rest(ctx); err != nil {
		return r, err
	}
	pause(ctx, between(0, time.Second)) // at any moment of the interval
	zero := time.Now()
	if _, err := p.Once(ctx, fault); err != nil {
		return r, err
	}
	l := p.Log().Since(served)
	if n := len(l.Stays()); n != 2 {
		return r, fmt.Errorf("%s, %s: clients were not led from one server to the other, once:\n%s", fault.Name, way.Name, l)
	}
	return traffic.Row{Name: way.Name, Log: l, Zero: zero}, nil
}

// draw writes the picture into the folder for them beside the page, if there is a page.
func (k *kube) draw(rows []traffic.Row) error {
	if k.opts.out == "" {
		return nil
	}
	path := filepath.Join(filepath.Dir(k.opts.out), "pictures", "failover-three-ways.svg")
	k.progress("writing %s", path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(traffic.Timeline(rows, time.Second, 6*time.Second)), 0o644)
}
