package traffic

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Row is one log in a picture.
type Row struct {
	Name string
	Log  Log
	// Zero is where time begins: when what the picture is about happened.
	Zero time.Time
	// Marked has the marks of the log written below its lanes.
	Marked bool
}

// The measures of a picture, in pixels.
const (
	labelWidth = 250
	plotWidth  = 720
	laneHeight = 14
	rowGap     = 26
	topMargin  = 30

	roomForSeconds = 32 // of an axis
)

// Timeline draws logs below each other, on one axis of time, as SVG. Each
// connection is a stroke where it began, in the lane of the server that took its
// row, or in the last one if none did. It is drawn from before to after of its
// row's zero.
func Timeline(rows []Row, before, after time.Duration) string {
	p := picture{before: before, after: after, scale: plotWidth / (before + after).Seconds()}
	y := topMargin
	for _, row := range rows {
		y = p.row(row, y) + rowGap
	}
	p.axis(y)
	const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">
<rect width="%[1]d" height="%[2]d" fill="white"/>
`
	return fmt.Sprintf(head, labelWidth+plotWidth+20, y+20) + p.b.String() + "</svg>\n"
}

type picture struct {
	b             strings.Builder
	before, after time.Duration
	scale         float64 // pixels in a second
}

// x is where a moment is.
func (p *picture) x(sinceZero time.Duration) float64 {
	return labelWidth + (sinceZero+p.before).Seconds()*p.scale
}

// row draws one log and returns where it ends.
func (p *picture) row(r Row, y int) int {
	longest, _ := r.Log.Without()
	p.text(10, y-6, `font-weight="bold"`, fmt.Sprintf("%s: without service for %s", r.Name, longest.Round(10*time.Millisecond)))
	lanes, names := lanesOf(r.Log)
	for i, name := range names {
		top := y + i*laneHeight
		p.text(20, top+11, "", name)
		fmt.Fprintf(&p.b, `<rect x="%d" y="%d" width="%d" height="%d" fill="#f4f4f4"/>`+"\n", labelWidth, top, plotWidth, laneHeight-2)
		fmt.Fprintf(&p.b, `<path stroke="%s" stroke-width="1.5" d="`, color(i, len(names)))
		for _, a := range r.Log.Attempts {
			since := a.Began.Sub(r.Zero)
			if since < -p.before || since > p.after || lanes(a) != i {
				continue
			}
			fmt.Fprintf(&p.b, "M%.1f %dv%d", p.x(since), top+1, laneHeight-4)
		}
		p.b.WriteString("\"/>\n")
	}
	bottom := y + len(names)*laneHeight
	if r.Marked {
		bottom = p.marks(r, y, bottom)
	}
	return bottom
}

// marks draws a line from each mark down to its name, the names above all lines, and
// returns where they end.
func (p *picture) marks(r Row, top, bottom int) int {
	marks := slices.DeleteFunc(slices.Clone(r.Log.Marks), func(m Mark) bool {
		since := m.At.Sub(r.Zero)
		return since < -p.before || since > p.after
	})
	for i, m := range marks {
		fmt.Fprintf(&p.b, `<path stroke="gray" d="M%.1f %dV%d"/>`+"\n", p.x(m.At.Sub(r.Zero)), top, bottom+(i+1)*laneHeight)
	}
	for _, m := range marks {
		bottom += laneHeight
		x, side, style := p.x(m.At.Sub(r.Zero)), 4.0, `paint-order="stroke" stroke="white" stroke-width="4"`
		if x > labelWidth+plotWidth/2 {
			side, style = -4, style+` text-anchor="end"` // there is no room to the right of it
		}
		p.text(x+side, bottom, style, fmt.Sprintf("%.2f s: %s", m.At.Sub(r.Zero).Seconds(), m.What))
	}
	return bottom
}

// lanesOf says which lane a connection is drawn in: each server that took a row
// has one, in that order, and what nobody took is last.
func lanesOf(l Log) (of func(Attempt) int, names []string) {
	lane := map[string]int{}
	for _, a := range l.Attempts {
		if _, known := lane[a.Server]; a.Outcome == OK && !known {
			lane[a.Server] = len(names)
			names = append(names, "served by "+a.Server)
		}
	}
	names = append(names, "not served")
	return func(a Attempt) int {
		if a.Outcome != OK {
			return len(names) - 1
		}
		return lane[a.Server]
	}, names
}

// color is one that the colour-blind can tell from the others.
func color(lane, of int) string {
	if lane == of-1 {
		return "#d55e00"
	}
	return []string{"#0072b2", "#009e73", "#cc79a7"}[lane%3]
}

// axis draws seconds, and the moment of zero through all rows.
func (p *picture) axis(y int) {
	step := time.Second
	for step.Seconds()*p.scale < roomForSeconds {
		step *= 2
	}
	for at := -p.before.Truncate(step); at <= p.after; at += step {
		p.text(p.x(at), y, `text-anchor="middle"`, fmt.Sprintf("%.0f s", at.Seconds()))
	}
	zero := p.x(0)
	fmt.Fprintf(&p.b, `<path stroke="black" stroke-dasharray="3 3" d="M%.1f %dV%d"/>`+"\n", zero, topMargin-4, y-14)
}

func (p *picture) text(x float64, y int, style, s string) {
	fmt.Fprintf(&p.b, `<text x="%.1f" y="%d" %s>`, x, y, style)
	_ = xml.EscapeText(&p.b, []byte(s)) // writing to memory does not fail
	p.b.WriteString("</text>\n")
}
