package engine

import (
	"testing"
	"time"
	"unsafe"
)

// simEpoch is what the wall clock says when a simulation begins.
const simEpoch = 1_767_000_000

// reading is a time as [time.Now] returns it: of a wall clock, which people set, and
// of a monotonic one, which only a suspended machine stops. The engine compares
// times by the second, so a simulation that sets the first must have both, and
// package time makes none of one's own choice: this writes its layout, which
// TestReadings holds it to.
func reading(wall time.Time, mono time.Duration) time.Time {
	const (
		hasMonotonic = 1 << 63
		// from1885 is the beginning of the seconds in a time with both, as package
		// time counts them, in Unix seconds.
		from1885 = -2682288000
	)
	t := wall
	layout := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t))
	layout.wall = hasMonotonic | uint64(wall.Unix()-from1885)<<30 | uint64(wall.Nanosecond())
	layout.ext = int64(mono)
	return t
}

// TestReadings: a reading has the wall clock that it was given, and differs from
// others by the monotonic one.
func TestReadings(t *testing.T) {
	wall := time.Unix(simEpoch, 123_456_789).UTC()
	a, b := reading(wall, time.Hour), reading(wall.Add(-24*time.Hour), time.Hour+time.Minute)
	if !a.Round(0).Equal(wall) || !b.Round(0).Equal(wall.Add(-24*time.Hour)) {
		t.Errorf("the wall clock says %s and %s", a.Round(0), b.Round(0))
	}
	if got := b.Sub(a); got != time.Minute || !a.Before(b) {
		t.Errorf("a minute later is %s later", got)
	}
	if got := a.Add(time.Second).Sub(a); got != time.Second {
		t.Errorf("a second later is %s later", got)
	}
}
