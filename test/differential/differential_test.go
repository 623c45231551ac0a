//go:build linux

package differential

import (
	"fmt"
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
	// shown is how many failing comparisons are printed in full.
	shown = 20
)

// world is everything that runs, and what was compared so far.
type world struct {
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
	w := begin(t)
	pass := func(name string, run func(*testing.T)) {
		began := time.Now()
		if !t.Run(name, run) {
			t.Logf("%s: FAILED", name)
		}
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
	w := &world{seed: defaultSeed, occurred: map[string]int{}, files: map[string]string{}}
	if s := os.Getenv("FAIRLEAD_SEED"); s != "" {
		var err error
		if w.seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("FAIRLEAD_SEED: %v", err)
		}
	}
	t.Logf("FAIRLEAD_SEED=%d", w.seed)
	w.readFiles(t)

	upstream := fmt.Sprintf("127.102.%d.%d:5300", os.Getpid()>>8&0xff, os.Getpid()&0xff)
	w.kube = startCluster(t, upstream)
	w.outside = startOutside(t, w.kube.Bin("coredns"))
	w.files["own.yaml"] = own(t, w.kube)
	apply(t, w.kube, w.manifests())
	w.fairlead = startFairlead(t, upstream, w.files)
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

// compare puts every probe to both sides. What differs must be explained by a
// listed difference.
func (w *world) compare(t *testing.T, probes []*probe) {
	t.Helper()
	failed := 0
	for _, p := range probes {
		t0 := time.Now()
		want := ask(w.kube.DNSAddr().String(), p)
		t1 := time.Now()
		got := ask(w.fairlead.dns, p)
		if d1, d2 := t1.Sub(t0), time.Since(t1); d1 > 50*time.Millisecond || d2 > 50*time.Millisecond {
			t.Logf("SLOW %v %v %s", d1, d2, p)
		}
		w.compared++
		aspects := compare(want, got)
		if len(aspects) == 0 || w.explained(p, want, got, aspects) {
			continue
		}
		t.Logf("XX %v %s | %s %s", aspects, p, brief(want), brief(got))
		if failed++; failed <= shown {
			t.Errorf("%s\ndiffers in %v\n%s", p, aspects, sideBySide(want.text(), got.text()))
		}
	}
	w.failed += failed
	t.Logf("%d questions about %d names: %d agree or differ as listed, %d do not", len(probes), names(probes), len(probes)-failed, failed)
}

func (w *world) explained(p *probe, want, got reply, aspects []aspect) bool {
	for _, d := range differences() {
		if d.covers(p, want, got, aspects) {
			w.occurred[d.name]++
			return true
		}
	}
	return false
}

// sideBySide prints CoreDNS's reply on the left and Fairlead's on the right.
func sideBySide(left, right string) string {
	const width = 92
	l := append([]string{"CoreDNS"}, strings.Split(left, "\n")...)
	r := append([]string{"Fairlead"}, strings.Split(right, "\n")...)
	var s strings.Builder
	for i := range max(len(l), len(r)) {
		var a, b string
		if i < len(l) {
			a = strings.ReplaceAll(l[i], "\t", " ")
		}
		if i < len(r) {
			b = strings.ReplaceAll(r[i], "\t", " ")
		}
		mark := " "
		if a != b {
			mark = "|"
		}
		fmt.Fprintf(&s, "  %-*s %s %s\n", width, a, mark, b)
	}
	return s.String()
}

func brief(r reply) string {
	if r.msg == nil { return r.failure }
	return fmt.Sprintf("%s %s {%s} {%s} {%s} %s", view(r.msg)[rcode], view(r.msg)[flags], strings.ReplaceAll(view(r.msg)[answer],"\n",";"), strings.ReplaceAll(view(r.msg)[authority], "\n",";"), strings.ReplaceAll(view(r.msg)[additional], "\n", ";"), view(r.msg)[edns])
}
