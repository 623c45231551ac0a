package metrics

import (
	"bufio"
	"slices"
	"strconv"
	"strings"

	"fairlead.dev/internal/model"
)

// kind is a metric's type, in the words of the text format.
type kind string

const (
	gauge   kind = "gauge"
	counter kind = "counter"
)

// family is one metric that the snapshot has series for.
type family struct {
	name, help string
	kind       kind
	labels     []string
	// series puts the series of a snapshot, which is never nil.
	series func(*model.Snapshot, *text)
}

// text writes families in Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). With 10,000 services
// there are 140,000 series: they are written one after the other, and none is kept.
type text struct {
	to *bufio.Writer
	// family is the one that is being written, and headed says that it has begun: one
	// without series is left out.
	family *family
	headed bool
	// order is that of the family's labels by their names, as Prometheus' library has it.
	order  []int
	number []byte
}

func (t *text) write(f *family, s *model.Snapshot) {
	t.family, t.headed, t.order = f, false, t.order[:0]
	for i := range f.labels {
		t.order = append(t.order, i)
	}
	slices.SortFunc(t.order, func(a, b int) int { return strings.Compare(f.labels[a], f.labels[b]) })
	f.series(s, t)
}

// put writes one series of the present family, with its labels' values. An error is the writer's, and stays there.
func (t *text) put(v float64, labels ...string) {
	t.head()
	t.to.WriteString(t.family.name)
	separator := byte('{')
	for _, i := range t.order {
		t.to.WriteByte(separator)
		t.to.WriteString(t.family.labels[i])
		t.to.WriteString(`="`)
		t.escaped(labels[i])
		t.to.WriteByte('"')
		separator = ','
	}
	if len(t.family.labels) > 0 {
		t.to.WriteByte('}')
	}
	t.to.WriteByte(' ')
	t.number = strconv.AppendFloat(t.number[:0], v, 'g', -1, 64)
	t.to.Write(t.number)
	t.to.WriteByte('\n')
}

func (t *text) head() {
	if t.headed {
		return
	}
	t.headed = true
	for _, s := range []string{
		"# HELP ", t.family.name, " ", t.family.help, "\n",
		"# TYPE ", t.family.name, " ", string(t.family.kind), "\n",
	} {
		t.to.WriteString(s)
	}
}

// escaped writes a label's value.
func (t *text) escaped(s string) {
	for {
		at := strings.IndexAny(s, "\\\"\n")
		if at < 0 {
			t.to.WriteString(s)
			return
		}
		t.to.WriteString(s[:at])
		t.to.WriteByte('\\')
		if s[at] == '\n' {
			t.to.WriteByte('n')
		} else {
			t.to.WriteByte(s[at])
		}
		s = s[at+1:]
	}
}
