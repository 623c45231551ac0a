//go:build linux

package differential

import "testing"

func (w *world) conformance(t *testing.T) {}
