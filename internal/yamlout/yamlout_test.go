package yamlout

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/yaml"
)

type sample struct {
	Name  string   `json:"name"`
	Empty string   `json:"empty,omitempty"`
	Ports []uint16 `json:"ports"`
	Big   uint64   `json:"big"`
	Words []string `json:"words"`
	Inner *sample  `json:"inner,omitempty"`
}

func TestMarshal(t *testing.T) {
	got, err := Marshal(sample{Name: "db", Ports: []uint16{5432}, Big: 1 << 60})
	if err != nil {
		t.Fatal(err)
	}
	want := "big: 1152921504606846976\nname: db\nports:\n- 5432\nwords: null\n"
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := Marshal(math.Inf(1)); err == nil {
		t.Error("infinity is written, and JSON has none")
	}
}

// What is written is read back the same, by the reader that kubectl has.
func TestMarshalIsReadBack(t *testing.T) {
	words := []string{
		"", " ", "yes", "no", "on", "null", "~", "1", "1e3", "0x1f", "012", "1:30", "2026-01-02", "=", "<<", "- a", "a: b", "#", "'", `"`, `\`,
		"<&>", "\u2028", "\t", "two\nlines", "two\nlines\n", "  leads", "ends  ", "ünï", "😀", "%", "@", "{}", "[", "!x", "&a", "*a", "?", "|",
		strings.Repeat("a long line ", 40),
	}
	in := sample{Name: "outer", Ports: []uint16{}, Inner: &sample{Name: "yes", Words: words}, Words: words}
	text, err := Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out sample
	if err := yaml.UnmarshalStrict(text, &out); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Errorf("(-written +read):\n%s", d)
	}
}
