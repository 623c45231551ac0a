package traffic

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// logOf reads connections: "20+5 a ok" began 20 ms after the start, took 5 ms,
// reached the server a, and went well; a dash is no server.
func logOf(t *testing.T, attempts ...string) Log {
	t.Helper()
	l := Log{Began: start, Every: 20 * time.Millisecond}
	for i, text := range attempts {
		var began, took int
		a := Attempt{Seq: i + 1}
		if _, err := fmt.Sscanf(text, "%d+%d %s %s", &began, &took, &a.Server, &a.Outcome); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		a.Began, a.Took = after(began), time.Duration(took)*time.Millisecond
		a.Server = strings.Trim(a.Server, "-")
		l.Attempts = append(l.Attempts, a)
	}
	return l
}

func after(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

func TestGaps(t *testing.T) {
	for _, tt := range []struct {
		name     string
		attempts []string
		want     []Gap
	}{
		{name: "nothing"},
		{name: "all well, and one came late", attempts: []string{"0+5 a ok", "20+5 a ok", "500+5 a ok"}},
		{
			name:     "one failure is as long as from success to success",
			attempts: []string{"0+5 a ok", "20+5 a ok", "40+1 - refused", "60+5 b ok"},
			want:     []Gap{{From: after(20), To: after(60), Failed: 1}},
		},
		{
			name:     "what began first counts, not what ended first",
			attempts: []string{"0+5 a ok", "20+1000 - timeout", "40+1000 - timeout", "60+5 b ok", "80+5 b ok"},
			want:     []Gap{{From: after(0), To: after(60), Failed: 2}},
		},
		{
			name:     "a server that takes no writes is no service",
			attempts: []string{"0+5 a ok", "20+5 b read-only", "40+5 b ok"},
			want:     []Gap{{From: after(0), To: after(40), Failed: 1}},
		},
		{
			name:     "two, the second open",
			attempts: []string{"0+5 a ok", "20+1 - reset", "40+5 a ok", "60+1 - reset", "80+1 - refused"},
			want:     []Gap{{From: after(0), To: after(40), Failed: 1}, {From: after(40), To: after(80), Open: true, Failed: 2}},
		},
		{
			name:     "from the start",
			attempts: []string{"0+1 - refused", "20+1 - refused", "40+5 a ok"},
			want:     []Gap{{From: after(0), To: after(40), Failed: 2}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := logOf(t, tt.attempts...)
			if diff := cmp.Diff(tt.want, l.Gaps()); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			var longest, total time.Duration
			for _, g := range tt.want {
				longest, total = max(longest, g.Length()), total+g.Length()
			}
			if gotLongest, gotTotal := l.Without(); gotLongest != longest || gotTotal != total {
				t.Errorf("without service %s and %s in all, want %s and %s", gotLongest, gotTotal, longest, total)
			}
		})
	}
}

func TestPath(t *testing.T) {
	for _, tt := range []struct {
		name     string
		attempts []string
		want     string
	}{
		{"nowhere", []string{"0+5 - refused"}, ""},
		{"one server", []string{"0+5 a ok", "20+5 a ok"}, "a"},
		{"one move", []string{"0+5 a ok", "20+5 - refused", "40+5 b ok", "60+5 b ok"}, "a b"},
		{"read-only is somewhere, too", []string{"0+5 a ok", "20+5 b read-only", "40+5 b ok"}, "a b"},
		{"there and back", []string{"0+5 a ok", "20+5 b ok", "40+5 a ok"}, "a b a"},
		{"side by side, nobody knows who was first", []string{"0+5 a ok", "20+50 b ok", "40+5 a ok", "80+5 b ok"}, "a b"},
		{"side by side for several", []string{"0+5 a ok", "20+50 b ok", "40+5 a ok", "60+5 b ok", "62+9 a ok", "80+5 b ok"}, "a b"},
		{"back after the first had ended", []string{"0+5 a ok", "20+10 b ok", "40+5 a ok", "80+5 b ok"}, "a b a b"},
		{"an earlier end than the first one's", []string{"0+5 a ok", "20+90 b ok", "40+5 b ok", "60+5 a ok"}, "a b a"},
		{"a third is no return", []string{"0+5 a ok", "20+50 b ok", "40+5 c ok"}, "a b c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(logOf(t, tt.attempts...).Path(), " "); got != tt.want {
				t.Errorf("reached %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStays(t *testing.T) {
	got := logOf(t, "0+5 a ok", "20+50 b ok", "40+5 a ok", "60+5 b read-only").Stays()
	for i := range got {
		got[i].known = time.Time{}
	}
	want := []Stay{{Server: "a", From: after(0), To: after(40), Count: 2}, {Server: "b", From: after(20), To: after(60), Count: 2}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Stay{})); diff != "" {
		t.Errorf("stays (-want +got):\n%s", diff)
	}
}

func TestLateWrites(t *testing.T) {
	for _, tt := range []struct {
		name     string
		attempts []string
		want     []int
	}{
		{"one after the other", []string{"0+5 a ok", "20+5 b ok"}, nil},
		{"began before the new one took any", []string{"0+5 a ok", "20+30 a ok", "40+5 b ok"}, nil},
		{"began while the new one took its first", []string{"20+9 b ok", "22+5 a ok"}, nil},
		{"began after", []string{"20+9 b ok", "30+5 a ok", "40+5 a ok"}, []int{2, 3}},
		{"reached, and took nothing", []string{"20+5 b ok", "30+5 a read-only", "40+5 a timeout"}, nil},
		{"the new one only answered", []string{"20+5 b read-only", "30+5 a ok"}, nil},
		{"the first to end is not the first to begin", []string{"0+90 b ok", "20+5 b ok", "40+5 a ok"}, []int{3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []int
			for _, a := range logOf(t, tt.attempts...).LateWrites("a", "b") {
				got = append(got, a.Seq)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("late writes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	l := logOf(t, "0+5 a ok", "20+5 a ok", "40+5 b read-only", "60+1 - refused", "80+5 b ok")
	if diff := cmp.Diff(map[Outcome]int{OK: 3, ReadOnly: 1, Refused: 1}, l.Outcomes()); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if got := len(l.Reached("b")); got != 2 {
		t.Errorf("%d reached b, want 2", got)
	}
	if got := len(l.Wrote("b")); got != 1 {
		t.Errorf("b took %d rows, want 1", got)
	}
	if diff := cmp.Diff([]int{2}, l.Lost([]int{1, 4, 5})); diff != "" {
		t.Errorf("lost rows (-want +got):\n%s", diff)
	}
	if got := len(l.Since(after(40)).Attempts); got != 3 {
		t.Errorf("%d began at 40 ms or later, want 3", got)
	}
}

// TestWritten: the log as plots read it, and as people do.
func TestWritten(t *testing.T) {
	l := logOf(t, "0+5 a ok", "20+1 - refused", "40+5 b ok")
	l.Attempts[1].Code = "53300"
	l.Marks = []Mark{{At: after(15), What: "kill -9 db-a"}}
	got, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"began":"2026-03-01T12:00:00Z","every":20,"marks":[{"at":15,"what":"kill -9 db-a"}],"attempts":[` +
		`{"seq":1,"at":0,"took":5,"outcome":"ok","server":"a"},` +
		`{"seq":2,"at":20,"took":1,"outcome":"refused","code":"53300"},` +
		`{"seq":3,"at":40,"took":5,"outcome":"ok","server":"b"}]}`
	if string(got) != want {
		t.Errorf("as JSON it is\n%s\nwant\n%s", got, want)
	}
	const text = `3 connections: 2 ok, 1 refused; without service 40ms at the longest, 40ms in all; reached a, b
    0.015 s  kill -9 db-a
    0.000 s  without service for 40ms, 1 connections`
	if l.String() != text {
		t.Errorf("as text it is\n%s\nwant\n%s", l, text)
	}
}
