package kube

import (
	"context"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"fairlead.dev/internal/model"
)

// queue takes requests.
type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// sink takes the engine's snapshots, and is the source of requests for the
// services that changed. It never waits: writing is the publisher's.
type sink struct {
	mu sync.Mutex
	// queue is nil until the publisher starts, last nil until the first snapshot.
	queue queue
	last  *model.Snapshot
	seen  map[model.Key]uint64
}

func newSink() *sink { return &sink{seen: map[model.Key]uint64{}} }

// Start is called when the publisher's queue is there.
func (s *sink) Start(_ context.Context, q queue) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = q
	s.request()
	return nil
}

// Snapshot is the latest that the engine gave. The engine's own follows once the
// sink has returned, and a request may be quicker.
func (s *sink) Snapshot() *model.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// take is the engine's sink. What cannot be written is reported later.
func (s *sink) take(snapshot *model.Snapshot) []model.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = snapshot
	s.request()
	return nil
}

// request asks for the services whose decision is another one now, or gone.
func (s *sink) request() {
	if s.queue == nil || s.last == nil {
		return
	}
	for _, p := range s.last.Services {
		key := p.Service.Key
		if s.seen[key] == p.Revision {
			continue
		}
		s.seen[key] = p.Revision
		s.queue.Add(requestFor(key))
	}
	for key := range s.seen {
		if s.last.Find(key) == nil {
			delete(s.seen, key)
			s.queue.Add(requestFor(key))
		}
	}
}
