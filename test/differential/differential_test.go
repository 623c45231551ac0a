//go:build linux

package differential

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/cluster"
)

const (
	// defaultSeed makes the same services in every run; FAIRLEAD_SEED chooses others.
	defaultSeed = 1
	// enough is how many questions must at least have been compared.
	enough = 500
)

// world is everything that runs, and what was compared so far.
type world struct {
	t        *testing.T // outlives the passes
	kube     *cluster.Cluster
	outside  *outside
	fairlead *fairlead
	seed     uint64
	files    map[string]string

	compared int
	failed   int
	occurred map[string]int // comparisons by the difference that explains them
}

// TestDifferential is one test, so that everything starts once.
func TestDifferential(t *testing.T) {
	began := time.Now()
	w := begin(t)
	t.Logf("both sides are up: %v", time.Since(began).Round(time.Millisecond))
	pass := func(name string, run func(*testing.T)) {
		began := time.Now()
		t.Run(name, run)
		t.Logf("%s: %v", name, time.Since(began).Round(time.Millisecond))
	}
	pass("as written", func(t *testing.T) { w.compare(t, questionsAbout(t, w.seed, w.objects(t))) })
	pass("messages", func(t *testing.T) { w.compare(t, messages()) })
	pass("the specification", w.conformance)
	pass("after edits", w.edits)
	pass("while the outside is down", w.outage)

	t.Logf("%d questions compared, %d failed (FAIRLEAD_SEED=%d)", w.compared, w.failed, w.seed)
	for _, d := range differences() {
		t.Logf("  %5d differ by %s", w.occurred[d.name], d.name)
		if w.occurred[d.name] == 0 {
			t.Errorf("the difference %q does not occur any more: remove it here and in docs/dns.md", d.name)
		}
	}
	if w.compared < enough {
		t.Errorf("%d questions were compared, want at least %d", w.compared, enough)
	}
}

// begin starts both sides with the same manifests.
func begin(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, seed: defaultSeed, occurred: map[string]int{}, files: map[string]string{}}
	if s := os.Getenv("FAIRLEAD_SEED"); s != "" {
		var err error
		if w.seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("FAIRLEAD_SEED: %v", err)
		}
	}
	t.Logf("FAIRLEAD_SEED=%d", w.seed)
	w.readFiles(t)

	upstream := outsideAddr()
	w.kube = startCluster(t, upstream.String())
	w.outside = startOutside(t, w.kube.Bin("coredns"), upstream)
	w.files["own.yaml"] = own(t, w.kube)
	apply(t, w.kube, w.manifests())
	w.fairlead = startFairlead(t, upstream.String(), w.files)
	return w
}

// readFiles reads the checked-in manifests and generates the others.
func (w *world) readFiles(t *testing.T) {
	t.Helper()
	paths, err := filepath.Glob("testdata/manifests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "testdata/edits/before.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		w.files[filepath.Base(path)] = string(text)
	}
	w.files["generated.yaml"] = generate(w.seed)
	w.files["crowd.yaml"] = crowd(100, 12)
}

// manifests are all but those that the API server has by itself.
func (w *world) manifests() string {
	var texts []string
	for name, text := range w.files {
		if name != "own.yaml" {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, "\n---\n")
}

func (w *world) objects(t *testing.T) []object {
	t.Helper()
	var all []object
	for _, name := range []string{
		"own.yaml", "articles.yaml", "spec.yaml", "clusterip.yaml", "headless.yaml", "external.yaml", "before.yaml", "crowd.yaml", "generated.yaml",
	} {
		all = append(all, parse(t, []byte(w.files[name]))...)
	}
	return all
}
