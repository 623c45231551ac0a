//go:build !linux

package relay

import "errors"

// Without splice there are no pipes: every pump copies through its buffer.
type (
	pipe     struct{}
	pipePool struct{}
)

func newPipePool(int) *pipePool           { return nil }
func (*pipePool) get() *pipe              { return nil }
func (*pipePool) put(*pipe, bool)         {}
func (*pipePool) close()                  {}
func (*pipe) fill(int) (int, error)       { return 0, errors.ErrUnsupported }
func (*pipe) drain(int, int) (int, error) { return 0, errors.ErrUnsupported }
