package group

import (
	"context"
	"errors"
	"testing"
)

func TestFirstErrorEndsTheOthers(t *testing.T) {
	first := errors.New("first")
	g, ctx := New(t.Context())
	g.Go(func() error { return first })
	for range 3 {
		g.Go(func() error {
			<-ctx.Done()
			return ctx.Err()
		})
	}
	if err := g.Wait(); !errors.Is(err, first) {
		t.Errorf("Wait returns %v, want %v", err, first)
	}
}

func TestPartThatReturnsNilLeavesTheOthersRunning(t *testing.T) {
	g, ctx := New(t.Context())
	done, looked := make(chan struct{}), make(chan error, 1)
	g.Go(func() error {
		defer close(done)
		return nil
	})
	g.Go(func() error {
		<-done
		looked <- ctx.Err()
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Errorf("Wait returns %v, want nil", err)
	}
	if err := <-looked; err != nil {
		t.Errorf("the context of the other part has ended: %v", err)
	}
	if ctx.Err() == nil {
		t.Error("the group's context goes on after Wait")
	}
}

func TestContextEndsTheParts(t *testing.T) {
	outer, cancel := context.WithCancel(t.Context())
	g, ctx := New(outer)
	g.Go(func() error {
		<-ctx.Done()
		return nil
	})
	cancel()
	if err := g.Wait(); err != nil {
		t.Errorf("Wait returns %v, want nil", err)
	}
}
