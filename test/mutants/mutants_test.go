package main

import "testing"

// TestMutantsFit: what a mutant replaces is in the code, once.
func TestMutantsFit(t *testing.T) {
	for _, m := range mutants() {
		if _, err := m.overlay("../..", t.TempDir()); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
