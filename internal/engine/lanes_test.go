package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLanes: who is asked when places are few. A limit of 6 leaves 2 to each of the
// lanes first and retry.
func TestLanes(t *testing.T) {
	const limit = 6
	now := time.Unix(1_000_000, 0)
	l := newLanes[string](time.Second)
	take := func(want string) {
		t.Helper()
		got := strings.Join(l.take(now, limit, func(s string) bool { return s != "gone" }), " ")
		if got != want {
			t.Errorf("asked are %q, want %q", got, want)
		}
	}
	add := func(in lane, failures int, all ...string) {
		for _, s := range all {
			l.add(s, in, failures)
		}
	}

	add(retry, 9, "old1", "old2", "old3")
	add(retry, 2, "young", "gone")
	add(first, 0, "new1", "new2", "new3")
	take("new1 new2 young old1")
	add(regular, 0, "a", "b", "c")
	take("a b")
	l.done("young")
	take("c") // what is regular goes first
	l.done("new1")
	take("new3") // a place, and one of its own lane
	l.done("a")
	take("old2")
	take("")

	// Those that are late leave their places, and are still there.
	add(regular, 0, "d", "e", "f")
	take("")
	if at := l.next(); !at.Equal(now.Add(time.Second)) {
		t.Errorf("a place comes free at %s, want when b is late", at)
	}
	now = now.Add(time.Second)
	take("d e")
	l.add("b", regular, 0)
	l.done("c")
	l.done("d")
	take("f") // b is being asked
	l.done("b")
	l.add("b", regular, 0)
	l.done("e")
	take("b")
	if len(l.inFlight) != 6 {
		t.Errorf("in flight are %v", l.inFlight)
	}
}

// TestLateOnesAreBounded: if nothing ever answers, there is an end to it.
func TestLateOnesAreBounded(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	l := newLanes[string](time.Second)
	for i := range 100 {
		l.add(fmt.Sprint(i), regular, 0)
	}
	n := 0
	for range 20 {
		n += len(l.take(now, 5, func(string) bool { return true }))
		now = now.Add(time.Second)
	}
	if n != most*5 {
		t.Errorf("%d are asked at the same time, want %d", n, most*5)
	}
}

// TestSlowOnesLeavePlaces: however many regular ones take long, and however long, what
// is new and what fails is asked at once, and so is the next that is regular.
func TestSlowOnesLeavePlaces(t *testing.T) {
	const limit = 64
	now := time.Unix(1_000_000, 0)
	l := newLanes[string](2 * time.Second)
	all := func(string) bool { return true }
	for i := range 20 * limit {
		l.add(fmt.Sprintf("slow%d", i), regular, 0)
	}
	for range 20 {
		for _, in := range []lane{first, retry} {
			l.add(fmt.Sprint("asked in lane ", in), in, 0)
		}
		taken := l.take(now, limit, all)
		for _, in := range []lane{first, retry} {
			q := fmt.Sprint("asked in lane ", in)
			if !slices.Contains(taken, q) {
				t.Errorf("not %s after %s", q, now.Sub(time.Unix(1_000_000, 0)))
			}
			l.done(q)
		}
		if n := len(l.inFlight); n > most*limit {
			t.Errorf("%d are asked at the same time, want at most %d", n, most*limit)
		}
		now = now.Add(time.Second)
	}

	// What fills one of the two lanes does not fill the other.
	l = newLanes[string](2 * time.Second)
	for i := range limit {
		l.add(fmt.Sprintf("new%d", i), first, 0)
		l.add(fmt.Sprintf("slow%d", i), regular, 0)
	}
	l.take(now, limit, all)
	l.add("failed", retry, 5)
	if taken := l.take(now, limit, all); !slices.Contains(taken, "failed") {
		t.Errorf("asked are %v, want what failed", taken)
	}
}
