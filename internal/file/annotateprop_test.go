package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// drawManifest is a manifest in one of many styles, and whether it stands in the way
// that people and programs write.
func drawManifest(t *rapid.T) string {
	pick := func(name string, all ...string) string { return rapid.SampledFrom(all).Draw(t, name) }
	comment := func(name string) string { return pick(name, "", "", " # c", " # {a: b}, 'x") }
	value := func(name string) string {
		return pick(name, "x", `"a \"b\" }"`, `'it''s, {'`, "a.b/c-d", "é東京", "plain with blanks", `"x: # y"`)
	}
	var entries []string
	for i := range rapid.IntRange(0, 3).Draw(t, "annotations") {
		entries = append(entries, fmt.Sprintf("example.com/k%d: %s", i, value("value")))
	}
	if rapid.Bool().Draw(t, "pinned before") {
		entries = append(entries, "fairlead.dev/pin: "+pick("old", "primary", `"other"`, "'x'", ""))
		entries = rapid.Permutation(entries).Draw(t, "order")
	}
	indent := pick("indent", "  ", "    ")
	annotations, inBraces := "", ""
	switch pick("annotations style", "none", "block", "flow", "empty", "null") {
	case "block":
		annotations = "annotations:" + comment("c1") + "\n"
		for _, e := range entries {
			annotations += pick("between", "", "", "\n", indent+indent+"# of the next\n") + indent + indent + e + comment("c2") + "\n"
		}
		if len(entries) > 0 && rapid.Bool().Draw(t, "text") {
			annotations += indent + indent + "example.com/text: |\n" + indent + indent + "  several\n\n" + indent + indent + "  lines\n"
		}
	case "flow":
		inBraces = "annotations: {" + strings.Join(entries, ", ") + "}"
		annotations = inBraces + comment("c3") + "\n"
	case "empty":
		annotations = "annotations: {}\n"
	case "null":
		annotations = "annotations: ~" + comment("c4") + "\n"
	}
	var meta string
	names := []string{"name: db", "namespace: " + pick("ns", "reporting", `"reporting"`, "'reporting'"), "labels: {a: " + value("label") + "}"}
	names = rapid.Permutation(names).Draw(t, "names")
	if pick("metadata style", "block", "block", "flow") == "flow" {
		all := names
		if inBraces != "" {
			all = append(all, inBraces)
		}
		meta = "metadata: {" + strings.Join(all, pick("comma", ", ", ",\n"+indent)) + "}" + comment("c5") + "\n"
	} else {
		meta = "metadata:" + comment("c6") + "\n"
		at := rapid.IntRange(0, len(names)).Draw(t, "at")
		for i, n := range names {
			if i == at && annotations != "" {
				meta += indent + annotations
			}
			meta += indent + n + comment("c7") + "\n"
		}
		if at == len(names) && annotations != "" {
			meta += indent + annotations
		}
	}
	head := []string{"apiVersion: fairlead.dev/v1alpha1\n", "kind: ExternalService" + comment("c8") + "\n", meta, "spec:\n  x: [1, {y: " + value("spec") + "}]\n"}
	text := strings.Join(rapid.Permutation(head).Draw(t, "parts"), pick("blank", "", "", "\n", "# between\n"))
	if rapid.Bool().Draw(t, "others") {
		other := "apiVersion: v1\nkind: Namespace\nmetadata: {name: reporting} # é\n"
		text = pick("before", "", "# first\n---\n", other+"---\n") + text + "---\n" + other
	}
	if rapid.Bool().Draw(t, "no end") {
		text = strings.TrimSuffix(text, "\n")
	}
	if rapid.Bool().Draw(t, "crlf") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// TestAnnotateProperty: what is edited differs in the annotations and in nothing
// else, for a parser that knows nothing of the editor; every byte that was there is
// still there, but those of annotations that go; and few texts are refused.
func TestAnnotateProperty(t *testing.T) {
	refused, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text := drawManifest(t)
		all++
		out, _, err := Annotate([]byte(text), db(0), pinned())
		if errors.Is(err, ErrUnsafe) {
			refused++
			return
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		before, after := documents(t, []byte(text)), documents(t, out)
		judge(t, before, after, pinned())
		if !strings.Contains(text, "fairlead.dev/pin") && !strings.Contains(text, "annotations: ~") && !subsequence([]byte(text), out) {
			t.Fatalf("something is gone:\n%s\n%s", text, out)
		}
		back, _, err := Annotate(out, db(0), unpinned())
		if errors.Is(err, ErrUnsafe) {
			refused++
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		judge(t, before, documents(t, back), unpinned())
		if !strings.Contains(text, "annotations") && string(back) != text {
			t.Fatalf("let go it is not what it was:\n%q\n%q", text, back)
		}
	})
	if refused*10 > all {
		t.Errorf("%d of %d texts were refused", refused, all)
	}
}

// judge compares the documents of two texts.
func judge(t *rapid.T, before, after []map[string]any, want []Annotation) {
	if len(before) != len(after) {
		t.Fatalf("%d documents became %d", len(before), len(after))
	}
	for i := range before {
		old, now := annotationsOf(before[i]), annotationsOf(after[i])
		if before[i]["kind"] == "ExternalService" {
			for _, a := range want {
				delete(old, a.Key)
				if a.Value != "" {
					old[a.Key] = a.Value
				}
			}
		}
		if !reflect.DeepEqual(old, now) || !reflect.DeepEqual(without(before[i]), without(after[i])) {
			t.Fatalf("document %d: %v became %v, want annotations %v", i, before[i], after[i], old)
		}
	}
}

func documents(t *rapid.T, text []byte) []map[string]any {
	var all []map[string]any
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var v map[string]any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if v != nil {
			all = append(all, v)
		}
	}
}

func annotationsOf(v map[string]any) map[string]any {
	out := map[string]any{}
	meta, _ := v["metadata"].(map[string]any)
	all, _ := meta["annotations"].(map[string]any)
	for k, x := range all {
		out[k] = x
	}
	return out
}

func without(v map[string]any) map[string]any {
	out := map[string]any{}
	for k, x := range v {
		out[k] = x
	}
	meta := map[string]any{}
	old, _ := v["metadata"].(map[string]any)
	for k, x := range old {
		if k != "annotations" {
			meta[k] = x
		}
	}
	out["metadata"] = meta
	return out
}

// subsequence reports whether all of a is in b, in order.
func subsequence(a, b []byte) bool {
	for _, c := range b {
		if len(a) > 0 && a[0] == c {
			a = a[1:]
		}
	}
	return len(a) == 0
}

// FuzzAnnotate edits anything. Whatever it is: no panic, no hang, and where it does
// not refuse, the object has the annotations, as the loader reads it, and all other
// documents are as they were.
func FuzzAnnotate(f *testing.F) {
	for _, pattern := range []string{"testdata/annotate/*", "testdata/seeds/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatal("no seeds", err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			t.Skip("as long as a manifest gets")
		}
		out, line, err := Annotate(data, db(0), pinned())
		if err != nil {
			return
		}
		chunks := split(bytes.TrimPrefix(out, []byte("\xef\xbb\xbf")))
		found := false
		for _, c := range chunks {
			roots, _ := parseYAML(c.text)
			for _, root := range roots {
				walkObjects(root, nil, typeMeta{}, func(n *yaml.Node, tm typeMeta, _ []int) {
					if tm.object(n) != "ExternalService reporting/db" || c.line+n.Line-1 != line {
						return
					}
					meta := get(n, "metadata")
					found = found || text(get(meta, "annotations"), "fairlead.dev/pin") == "standby"
				})
			}
		}
		if !found {
			t.Errorf("on line %d there is no such object with the annotation:\n%s", line, out)
		}
	})
}
