//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

// restart edits some services while no controller runs, and starts one.
func (k *kube) restart(ctx context.Context, o *outside, s *section) (*controller, error) {
	w, err := k.watchSlices(ctx)
	if err != nil {
		return nil, err
	}
	var wanted []expected
	for i := range awayEdits {
		name, addr := besideName(i*k.size.kube.many/awayEdits), anAddress(i).String()
		wanted = append(wanted, w.expect(name, addr))
		if err := k.patchExternal(ctx, name, addr); err != nil {
			return nil, err
		}
	}
	before, err := k.requests(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	c, err := k.runController(ctx, o.at.String())
	if err != nil {
		return nil, err
	}
	var last time.Time
	for _, e := range wanted {
		at, err := w.wait(ctx, e)
		if err != nil {
			return nil, err
		}
		if at.After(last) {
			last = at
		}
	}
	took := last.Sub(began).Seconds()
	pause(ctx, 20*time.Second) // what it has to do besides
	after, err := k.requests(ctx)
	if err != nil {
		return nil, err
	}
	wrote := after.since(before)
	k.progress("cold: restarted in %s, %s of CPU; %v", seconds.format(took), seconds.format(c.cpu().Seconds()), wrote.by)
	s.add(row{id: "cold-restart", what: fmt.Sprintf("Restart to %d edits made meanwhile carried out", awayEdits), unit: seconds, ours: []float64{took}})
	s.add(row{id: "cold-rewritten", what: "Written by the restart to Services and EndpointSlices that were right", unit: counts, ours: []float64{wrote.of("services") + wrote.of("endpointslices") - awayEdits}, goal: none()})
	s.add(row{id: "cold-restated", what: "Written by it to statuses that were right", unit: counts, ours: []float64{max(0, wrote.of("externalservices")-awayEdits)}, goal: none()})
	return c, nil
}

// of is how many writes there are to a resource.
func (r apiRequests) of(resource string) float64 {
	total := 0.0
	for _, verb := range writeVerbs() {
		total += r.by[verb+" "+resource]
	}
	return total
}

// atRest leaves the controller alone for a while.
func (k *kube) atRest(ctx context.Context, o *outside, c *controller, n int, s *section) error {
	k.progress("cold: at rest for %s", k.size.kube.rest)
	before, err := k.requests(ctx)
	if err != nil {
		return err
	}
	asked, cpu, began := o.queries(), c.cpu(), time.Now()
	pause(ctx, k.size.kube.rest)
	took := time.Since(began)
	asked, cpu = o.queries()-asked, c.cpu()-cpu
	after, err := k.requests(ctx)
	if err != nil {
		return err
	}
	memory, err := c.memory()
	if err != nil {
		return err
	}
	did := after.since(before)
	k.progress("cold: at rest %s, %s, %d questions; %v", mebibytes.format(memory), cores.format(cpu.Seconds()/took.Seconds()), asked, did.by)
	perTTL := float64(asked) * restTTL / took.Seconds()
	names := float64(n/2 + sharedNames)
	for _, r := range []row{
		{id: "rest-memory", what: "Memory at rest", unit: mebibytes, ours: []float64{memory}, goal: below(300<<20, mebibytes)},
		{id: "rest-cpu", what: "CPU at rest, of one core", unit: cores, ours: []float64{cpu.Seconds() / took.Seconds()}, goal: below(0.3, cores)},
		{id: "rest-writes", what: fmt.Sprintf("API writes in %s at rest, without leases", took.Round(time.Second)), unit: counts, ours: []float64{did.sum(false, writeVerbs()...)}, goal: none()},
		{id: "rest-leases", what: "Lease writes in that time", unit: counts, ours: []float64{did.sum(true, writeVerbs()...)}},
		{id: "rest-reads", what: "API reads in that time, without leases", unit: counts, ours: []float64{did.sum(false, readVerbs()...)}},
		{id: "rest-dns", what: fmt.Sprintf("Questions to the outside DNS for each of %s names and TTL", thousands(int(names))), unit: counts, ours: []float64{perTTL / names}, goal: below(2.5, counts)},
	} {
		s.add(r)
	}
	return nil
}
