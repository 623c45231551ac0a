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
	for d := xml.NewDecoder(strings.NewReader(got)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, got)
		}
	}
}
