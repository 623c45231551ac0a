package kube

import (
	"slices"
	"testing"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"fairlead.dev/internal/model"
)

func snapshotOf(revisions map[string]uint64) *model.Snapshot {
	var all []*model.Published
	for name, revision := range revisions {
		all = append(all, &model.Published{Service: model.Service{Key: model.Key{Namespace: "a", Name: name}}, Revision: revision})
	}
	return model.NewSnapshot("cluster.local", nil, all, nil)
}

func drain(q queue) []string {
	var all []string
	for q.Len() > 0 {
		r, _ := q.Get()
		all = append(all, r.Name)
		q.Done(r)
	}
	slices.Sort(all)
	return all
}

// TestSink: what changed is requested, once; what only aged is not.
func TestSink(t *testing.T) {
	q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer q.ShutDown()
	s := newSink()
	s.take(snapshotOf(map[string]uint64{"one": 1, "two": 2}))
	if err := s.Start(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		what string
		now  map[string]uint64
		want []string
	}{
		{"what came before the queue was there", nil, []string{"one", "two"}},
		{"it only aged", map[string]uint64{"one": 1, "two": 2}, nil},
		{"one changed", map[string]uint64{"one": 3, "two": 2}, []string{"one"}},
		{"one went", map[string]uint64{"two": 2}, []string{"one"}},
		{"it is still gone", map[string]uint64{"two": 2}, nil},
		{"it came again", map[string]uint64{"one": 4, "two": 2}, []string{"one"}},
	} {
		if step.now != nil {
			s.take(snapshotOf(step.now))
		}
		if got := drain(q); !slices.Equal(got, step.want) {
			t.Errorf("%s: %v are requested instead of %v", step.what, got, step.want)
		}
	}
}
