package metrics

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocs compares docs/metrics.md with what is registered: names, types,
// labels and texts.
func TestDocs(t *testing.T) {
	f := newFixture(t, world())
	touch(f.Metrics)
	b, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "| `fairlead_") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	var want []string
	for _, m := range described(t, f) {
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s |", m.name, m.kind, strings.Join(m.labels, ", "), m.help))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/metrics.md differs (-registered +documented):\n%s", diff)
	}
}

// TestHelp holds the help texts to one form.
func TestHelp(t *testing.T) {
	f := newFixture(t, world())
	touch(f.Metrics)
	form := regexp.MustCompile(`^[A-Z0-9].*\.$`)
	for _, m := range described(t, f) {
		if !form.MatchString(m.help) || strings.Contains(m.help, "|") {
			t.Errorf("%s: %q is not a sentence that fits a table", m.name, m.help)
		}
	}
}

// metric is what /metrics says of one.
type metric struct {
	name, kind, help string
	labels           []string
}

// described are Fairlead's metrics with the labels of their first series, in
// alphabetical order.
func described(t *testing.T, f *fixture) []metric {
	t.Helper()
	label := regexp.MustCompile(`(\w+)="`)
	var all []metric
	for line := range strings.Lines(f.page(t)) {
		line = strings.TrimSpace(line)
		if help, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, text, _ := strings.Cut(help, " ")
			all = append(all, metric{name: name, help: text})
			continue
		}
		m := &all[len(all)-1]
		if kind, ok := strings.CutPrefix(line, "# TYPE "+m.name+" "); ok {
			m.kind = kind
			continue
		}
		if len(m.labels) > 0 {
			continue
		}
		for _, found := range label.FindAllStringSubmatch(line, -1) {
			if found[1] != "le" {
				m.labels = append(m.labels, "`"+found[1]+"`")
			}
		}
		slices.Sort(m.labels)
	}
	return all
}
