//go:build linux

package crd

import "testing"

// TestCRD is one test so that the API server starts once.
func TestCRD(t *testing.T) {
	k := start(t)
	t.Run("agree", func(t *testing.T) { agree(t, k) })
	t.Run("people", func(t *testing.T) { people(t, k) })
}
