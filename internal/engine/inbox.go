package engine

import (
	"context"
	"sync"
	"time"

	"fairlead.dev/internal/model"
)

// Desired is everything that is wanted, at once.
type Desired struct {
	Services   []model.Service
	Namespaces []string
	Problems   []model.Problem
}

// Change is some services that are wanted from now on, and some that no longer
// are. Those that are gone go first: a service that is in both begins anew.
type Change struct {
	Services []Entry
	Gone     []model.Key
}

// Entry is one service, and what stands published of it.
type Entry struct {
	Service model.Service
	// Standing stays published until DNS has answered. It counts only where the
	// engine does not have the service yet.
	Standing []model.Endpoint
	// State is what was decided of it before. It counts where Standing does.
	State model.State
}

// event is something that the core is told.
type event func(c *core, now time.Time)

// inbox is what the engine was told and has not looked at yet, in order. It is
// safe for concurrent use, and putting something in never waits: an edge may
// report out of its sink.
type inbox struct {
	mu     sync.Mutex
	events []event
	// filled holds a value while there may be events.
	filled chan struct{}
}

func newInbox() *inbox { return &inbox{filled: make(chan struct{}, 1)} }

func (i *inbox) put(ctx context.Context, e event) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	i.mu.Lock()
	i.events = append(i.events, e)
	i.mu.Unlock()
	select {
	case i.filled <- struct{}{}:
	default: // it is known already
	}
	return nil
}

// empty returns all events and takes them out.
func (i *inbox) empty() []event {
	i.mu.Lock()
	defer i.mu.Unlock()
	events := i.events
	i.events = nil
	return events
}

// Set replaces everything that is wanted. It returns when that is taken, which
// is before it is carried out; an error says that ctx had ended.
func (e *Engine) Set(ctx context.Context, d Desired) error {
	return e.inbox.put(ctx, func(c *core, now time.Time) { c.set(d, now) })
}

// Apply changes what is wanted of some services and leaves the others. It
// returns when that is taken, which is before it is carried out; an error says
// that ctx had ended. Changes are carried out in the order in which they are
// taken, those that fall together in one snapshot.
func (e *Engine) Apply(ctx context.Context, change Change) error {
	return e.inbox.put(ctx, func(c *core, now time.Time) { c.apply(change, now) })
}

// Report says what an edge that works asynchronously made of a service: nil
// means that all is carried out. It holds until the next report of the service,
// or until that is gone. The engine does not have it tried again: the edge does.
// It never waits; an error says that ctx had ended.
func (e *Engine) Report(ctx context.Context, key model.Key, f *model.Fault) error {
	return e.inbox.put(ctx, func(c *core, _ time.Time) { c.report(key, f) })
}
