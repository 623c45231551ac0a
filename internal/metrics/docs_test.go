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
	families, err := f.Gather()
	if err != nil {
		t.Fatal(err)
	}
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
	for _, family := range families {
		var labels []string
		for _, l := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s |", family.GetName(),
			strings.ToLower(family.GetType().String()), strings.Join(labels, ", "), family.GetHelp()))
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
	families, err := f.Gather()
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^[A-Z0-9].*\.$`)
	for _, family := range families {
		if !form.MatchString(family.GetHelp()) || strings.Contains(family.GetHelp(), "|") {
			t.Errorf("%s: %q is not a sentence that fits a table", family.GetName(), family.GetHelp())
		}
	}
}
