package main

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestCollectSooner, unless a person has said how.
func TestCollectSooner(t *testing.T) {
	t.Setenv("GOGC", "") // put back at the end
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	collectSooner()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("with GOGC set it is %d, want 100", got)
	}
	if err := os.Unsetenv("GOGC"); err != nil {
		t.Fatal(err)
	}
	collectSooner()
	if got := debug.SetGCPercent(100); got != garbagePercent {
		t.Errorf("it is %d, want %d", got, garbagePercent)
	}
}
