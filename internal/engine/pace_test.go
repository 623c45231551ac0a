package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// TestPace: a snapshot that takes long once holds up nobody, since the machine was
// at fault; where each takes long, changes are gathered.
func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name   string
		slow   func(n int) bool // whether the sink dawdles at its nth snapshot
		sooner bool
	}{
		{"once", func(n int) bool { return n == 2 }, true},
		{"always", func(int) bool { return true }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const dawdle = 40 * time.Millisecond
				n := 0
				e := started(t, func(*model.Snapshot) []model.Fault {
					if n++; tt.slow(n) {
						time.Sleep(dawdle)
					}
					return nil
				})
				for i := range 3 {
					began := time.Now()
					name := fmt.Sprint("db", i)
					apply(t, e, engine.Change{Services: []engine.Entry{{Service: fixed(name, "10.0.1.25")}}})
					for published(e, name) == "nothing" {
						time.Sleep(time.Millisecond)
					}
					if took := time.Since(began); i == 2 && (took < 2*dawdle) != tt.sooner {
						t.Errorf("the third change went out after %s, want sooner than %s: %t", took, 2*dawdle, tt.sooner)
					}
				}
			})
		})
	}
}
