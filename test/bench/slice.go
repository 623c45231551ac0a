//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/group"
	"fairlead.dev/test/cluster"
)

const (
	byHand     = "the same by hand"
	handmade   = "handmade" // a Service without a selector, with its slice
	kubeNames  = 10         // outside names that change
	oneSecond  = 1          // their TTL
	sliceAbout = `On a real API server (control tier: etcd, kube-apiserver, CoreDNS) with %s ExternalServices of two addresses each, and a client that watches all EndpointSlices as kube-proxy does. In turn, at random moments: one of the ExternalServices gets another address by a merge patch; and a client patches the EndpointSlice of a Service that somebody made by hand, which is the platform's floor. Both count from sending the patch to the watch's event: Fairlead's has two writes in it, the person's and its own. Then %d ExternalServices follow outside names, TTL 1 s, whose records change; that counts from the moment at which the outside server gives the new record out.`
	driftAbout = "Drift: a client replaces the address in a slice that Fairlead keeps; from sending that patch to the event that has the right one again. Hand-over: two replicas with leader election (10 s lease, as the chart has it); the one that leads is killed, or told to end, and an ExternalService gets another address at that moment; until the watch sees it in the slice."
)

func measureSlices(ctx context.Context, b *bench, s *section) error {
	n := b.size.kube.services
	s.peer = byHand
	s.about = []string{fmt.Sprintf(sliceAbout, thousands(n), kubeNames), driftAbout}
	k, err := b.runKube(ctx, cluster.Options{})
	if err != nil {
		return err
	}
	o, err := b.runOutside()
	if err != nil {
		return err
	}
	first, err := k.runController(ctx, o.at.String())
	if err != nil {
		return err
	}
	w, err := k.watchSlices(ctx)
	if err != nil {
		return err
	}
	b.progress("slice: creating %d ExternalServices", n)
	if err := k.beside(ctx, w, n); err != nil {
		return err
	}
	floor, err := k.edits(ctx, w, s)
	if err != nil {
		return err
	}
	if err := k.records(ctx, w, o, s, floor); err != nil {
		return err
	}
	if err := k.drift(ctx, w, s, floor); err != nil {
		return err
	}
	return k.handOvers(ctx, w, o, first, s)
}

// beside creates the services that stand beside what is measured, and waits until
// all that they cause is over.
func (k *kube) beside(ctx context.Context, w *sliceWatch, n int) error {
	last := make([]expected, n)
	for i := range n {
		last[i] = w.expect(besideName(i), besideAddresses(i)...)
	}
	if err := k.makeBeside(ctx, n); err != nil {
		return err
	}
	for _, e := range last {
		if _, err := w.wait(ctx, e); err != nil {
			return err
		}
	}
	return k.allReady(ctx, n)
}

// allReady waits until n ExternalServices say that they are ready.
func (k *kube) allReady(ctx context.Context, n int) error {
	return until(ctx, 5*time.Minute, func() error {
		var list v1alpha1.ExternalServiceList
		if err := k.client.List(ctx, &list); err != nil {
			return err
		}
		ready := 0
		for i := range list.Items {
			if isReady(&list.Items[i]) {
				ready++
			}
		}
		if ready < n {
			pause(ctx, time.Second)
			return fmt.Errorf("%d of %d ExternalServices are ready", ready, n)
		}
		return nil
	})
}

func isReady(e *v1alpha1.ExternalService) bool {
	for _, c := range e.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return string(c.Status) == "True" && c.ObservedGeneration == e.Generation
		}
	}
	return false
}

// spread adds the median and the p99 of values to a section.
func (s *section) spread(id, what string, ours, theirs []float64, p99 goal) {
	for _, q := range []struct {
		id, text string
		of       float64
		goal     goal
	}{{"p50", "median", 0.5, goal{}}, {"p99", "p99", 0.99, p99}} {
		r := row{
			id: id + "-" + q.id, what: fmt.Sprintf("%s, %s of %d", what, q.text, len(ours)),
			unit: seconds, ours: []float64{quantile(ours, q.of)}, goal: q.goal,
		}
		if theirs != nil {
			r.peer = []float64{quantile(theirs, q.of)}
		}
		s.add(r)
	}
}

// edits measures edits beside the platform's floor, and returns the floor.
func (k *kube) edits(ctx context.Context, w *sliceWatch, s *section) ([]float64, error) {
	if err := k.makePlain(ctx, handmade, anAddress(0).String()); err != nil {
		return nil, err
	}
	t := make(table)
	n := 0
	err := inTurn(ctx, k.size.kube.edits, []string{"fairlead", "hand"}, func(_ int, who string) error {
		pause(ctx, 20*time.Millisecond+time.Duration(rand.Int64N(int64(100*time.Millisecond))))
		n++
		addr := anAddress(n).String()
		name, edit := besideName(rand.IntN(k.size.kube.services)), k.patchExternal
		if who == "hand" {
			name, edit = handmade, func(ctx context.Context, name, addr string) error { return k.patchSlice(ctx, name+"-1", addr) }
		}
		e := w.expect(name, addr)
		began := time.Now()
		if err := edit(ctx, name, addr); err != nil {
			return err
		}
		at, err := w.wait(ctx, e)
		t.add("edit", who, at.Sub(began).Seconds())
		return err
	})
	ours, floor := t["edit"]["fairlead"], t["edit"]["hand"]
	k.progress("slice: edits  fairlead %s, p99 %s  by hand %s, p99 %s", seconds.format(median(ours)), seconds.format(quantile(ours, 0.99)), seconds.format(median(floor)), seconds.format(quantile(floor, 0.99)))
	s.spread("slice-edit", "ExternalService edited to EndpointSlice seen", ours, floor, below(0.03, seconds))
	return floor, err
}

// records measures changes of outside records.
func (k *kube) records(ctx context.Context, w *sliceWatch, o *outside, s *section, floor []float64) error {
	names := make([]string, kubeNames)
	for i := range names {
		names[i] = fmt.Sprintf("follows-%02d", i)
		outside := names[i] + "." + outsideZone
		o.set(outside, anAddress(i), oneSecond)
		e := w.expect(names[i], anAddress(i).String())
		if err := k.client.Create(ctx, external(names[i], v1alpha1.Target{Hostname: outside})); err != nil {
			return err
		}
		if _, err := w.wait(ctx, e); err != nil {
			return err
		}
	}
	d := new(delays)
	parts, ctx := group.New(ctx)
	for i, name := range names {
		parts.Go(func() error {
			for change := range k.size.kube.edits / kubeNames {
				pause(ctx, time.Duration(rand.Int64N(int64(time.Second))))
				if err := k.change(ctx, w, o, name, netip.AddrFrom4([4]byte{10, 202, byte(i), byte(1 + change)}), d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := parts.Wait(); err != nil {
		return err
	}
	k.progress("slice: records  %s, p99 %s", seconds.format(median(d.fromGiven)), seconds.format(quantile(d.fromGiven, 0.99)))
	s.spread("slice-record", "Outside record given out to EndpointSlice seen", d.fromGiven, floor, below(0.03, seconds))
	s.spread("slice-ttl", "Outside record changed to EndpointSlice seen, TTL 1 s", d.fromChange, nil, below(oneSecond+0.25, seconds))
	return nil
}

// change changes an outside record and waits for the slice that follows it.
func (k *kube) change(ctx context.Context, w *sliceWatch, o *outside, name string, addr netip.Addr, d *delays) error {
	e := w.expect(name, addr.String())
	changed := time.Now()
	o.set(name+"."+outsideZone, addr, oneSecond)
	at, err := w.wait(ctx, e)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fromChange = append(d.fromChange, at.Sub(changed).Seconds())
	d.fromGiven = append(d.fromGiven, at.Sub(o.served(name+"."+outsideZone)).Seconds())
	return nil
}
