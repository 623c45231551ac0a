// Package group runs the parts of a process, which live and end together. It
// restarts nothing and sets no limit.
package group

import (
	"context"
	"sync"
)

// Group is parts that run at once. Make one with [New].
type Group struct {
	wait   sync.WaitGroup
	cancel context.CancelFunc
	once   sync.Once
	err    error
}

// New returns an empty group, and the context of its parts: it ends with ctx,
// with the first part that fails, or when Wait returns.
func New(ctx context.Context) (*Group, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	return &Group{cancel: cancel}, ctx
}

// Go runs a part. One that returns nil leaves the others running. A panic is not
// caught.
func (g *Group) Go(part func() error) {
	g.wait.Go(func() {
		if err := part(); err != nil {
			g.once.Do(func() {
				g.err = err
				g.cancel()
			})
		}
	})
}

// Wait returns when every part has, with the first error.
func (g *Group) Wait() error {
	g.wait.Wait()
	g.cancel()
	return g.err
}
