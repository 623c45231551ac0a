//go:build linux

package differential

import (
	"os"
	"testing"
)

// edits changes the same things on both sides and asks again.
func (w *world) edits(t *testing.T) {
	text, err := os.ReadFile("testdata/edits/after.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, after := parse(t, []byte(w.files["before.yaml"])), parse(t, text)
	kept := map[string]bool{}
	for i := range after {
		kept[after[i].id()] = true
	}
	var deleted []object
	for i := range before {
		if !kept[before[i].id()] {
			deleted = append(deleted, before[i])
		}
	}
	remove(t, w.kube, deleted)
	apply(t, w.kube, string(text))
	w.files["before.yaml"] = string(text)
	w.fairlead.edit(t, "before.yaml", string(text), "created.edited-new.svc."+zone)
	w.compare(t, questionsAbout(t, w.seed, append(before, after...)))
}
