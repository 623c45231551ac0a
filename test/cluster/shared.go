//go:build linux

package cluster

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Shared is one cluster for all tests of a binary, started by the first that
// asks for it. Hold it in a variable of the tests, and let TestMain be
//
//	os.Exit(shared.Run(m))
//
// Tests share it well if each makes namespaces of its own.
type Shared struct {
	opts  Options
	start sync.Once
	c     *Cluster
	err   error
}

// NewShared starts nothing yet.
func NewShared(opts Options) *Shared { return &Shared{opts: opts} }

// Run runs the tests, ends the cluster if one was started, and returns the
// exit code.
func (s *Shared) Run(m *testing.M) int {
	code := m.Run()
	if s.c == nil {
		return code
	}
	if err := s.c.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// Get returns the cluster, or skips the test where the machine cannot hold it.
// The parts' logs are shown if the test fails.
func (s *Shared) Get(t testing.TB) *Cluster {
	t.Helper()
	skip(t, s.opts)
	s.start.Do(func() { s.c, s.err = Up(context.Background(), s.opts, os.Stderr) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	t.Cleanup(func() { showLogs(t, s.c) })
	return s.c
}
