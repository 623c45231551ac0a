package traffic

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"
)

// TestTimeline: each connection has its stroke, where and in the lane in which it
// belongs, and the picture is well-formed.
func TestTimeline(t *testing.T) {
	l := logOf(t, "0+5 a ok", "1000+5 a ok", "1500+1 - refused", "2000+5 b read-only", "3000+5 b ok", "9000+5 b ok")
	l.Marks = []Mark{{after(1000), "B is promoted"}}
	got := Timeline([]Row{{Name: "by <hand>", Log: l, Zero: after(1000)}}, time.Second, 3*time.Second)
	for _, want := range []string{
		"by &lt;hand&gt;: without service for 2s",
		`d="M250.0 31v10M430.0 31v10"`, // a: at 0 s and 1 s of four on 720 pixels
		`d="M790.0 45v10"`,             // b: at 3 s; what came later is beyond the edge
		`d="M520.0 59v10M610.0 59v10"`, // nobody
		">served by a<", ">served by b<", ">not served<", ">-1 s<", ">3 s<",
		`d="M430.0 26V84"`, // zero
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
	if unwanted := "B is promoted"; strings.Contains(got, unwanted) {
		t.Errorf("%q is in a row that is not to be marked:\n%s", unwanted, got)
	}
	wellFormed(t, got)
}

// TestTimelineMarks: marks have their names, on the side on which there is room, and
// an axis of many seconds is not crowded.
func TestTimelineMarks(t *testing.T) {
	l := logOf(t, "0+5 a ok", "50000+5 b ok")
	l.Marks = []Mark{{after(2000), "A & B"}, {after(45_000), "late"}, {after(70_000), "beyond"}}
	got := Timeline([]Row{{Name: "marked", Log: l, Zero: after(0), Marked: true}}, 0, 60*time.Second)
	for _, want := range []string{
		`d="M274.0 30V86"`, `<text x="278.0" y="86" paint-order="stroke" stroke="white" stroke-width="4">2.00 s: A &amp; B<`,
		`d="M790.0 30V100"`, `text-anchor="end">45.00 s: late<`,
		">0 s<", ">4 s<", ">60 s<",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
	for _, unwanted := range []string{"beyond", ">1 s<", ">2 s<"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("there is %q in\n%s", unwanted, got)
		}
	}
	wellFormed(t, got)
}

func wellFormed(t *testing.T, got string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(got)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, got)
		}
	}
}
