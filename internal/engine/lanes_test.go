package engine

import (
	"fmt"
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
