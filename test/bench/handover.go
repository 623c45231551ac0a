//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// drift measures how soon a slice that was changed by hand is right again.
func (k *kube) drift(ctx context.Context, w *sliceWatch, s *section, floor []float64) error {
	var took []float64
	for i := range k.size.kube.drift {
		pause(ctx, 20*time.Millisecond+time.Duration(rand.Int64N(int64(60*time.Millisecond))))
		var list discoveryv1.EndpointSliceList
		name := besideName(rand.IntN(k.size.kube.services))
		if err := k.client.List(ctx, &list, client.InNamespace(kubeNamespace), client.MatchingLabels{discoveryv1.LabelServiceName: name}); err != nil {
			return err
		}
		if len(list.Items) != 1 {
			return fmt.Errorf("%s has %d EndpointSlices, not 1", name, len(list.Items))
		}
		right := w.expect(name, addressesOf(&list.Items[0])...)
		began := time.Now()
		if err := k.patchSlice(ctx, list.Items[0].Name, fmt.Sprintf("10.203.0.%d", 1+i%250)); err != nil {
			return err
		}
		at, err := w.wait(ctx, right)
		if err != nil {
			return err
		}
		took = append(took, at.Sub(began).Seconds())
	}
	k.progress("slice: drift  %s, p99 %s", seconds.format(median(took)), seconds.format(quantile(took, 0.99)))
	s.spread("slice-drift", "Slice changed by hand to right again", took, floor, below(1, seconds))
	return nil
}

// handOvers measures what a change waits for that is made as the leader ends.
func (k *kube) handOvers(ctx context.Context, w *sliceWatch, o *outside, leader *controller, s *section) error {
	for _, end := range []struct {
		id, what string
		end      func(*controller) error
		goal     goal
	}{
		{"term", "Leader told to end (SIGTERM) to change carried out by the other", (*controller).stop, goal{}},
		{"kill", "Leader killed (kill -9) to change carried out by the other", func(c *controller) error { c.kill(); return nil }, goal{}},
	} {
		var took []float64
		for i := range k.size.kube.handovers {
			next, err := k.runController(ctx, o.at.String())
			if err != nil {
				return err
			}
			pause(ctx, 3*time.Second) // the other has its caches
			name, addr := besideName(rand.IntN(k.size.kube.services)), fmt.Sprintf("10.204.%d.%d", len(end.id)+len(s.rows), 1+i)
			e := w.expect(name, addr)
			began := time.Now()
			ended := make(chan error, 1)
			go func() { ended <- end.end(leader) }()
			if end.id == "kill" {
				<-leader.done // or it might still carry it out
			}
			if err := k.patchExternal(ctx, name, addr); err != nil {
				return err
			}
			at, err := w.wait(ctx, e)
			if err != nil {
				return err
			}
			if err := <-ended; err != nil {
				return err
			}
			took = append(took, at.Sub(began).Seconds())
			k.progress("slice: hand-over, %s  %s", end.id, seconds.format(took[i]))
			leader = next
		}
		s.add(row{id: "slice-handover-" + end.id, what: end.what, unit: seconds, ours: took, goal: end.goal})
	}
	return nil
}
