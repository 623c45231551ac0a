package layout

import (
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fairlead.dev/internal/file"
)

var (
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	code    = regexp.MustCompile("(?s)(?m:^```.*?^```)|`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	yamls   = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
)

// pages are the documents for people, from the top of the repository.
func pages(t *testing.T, root string) []string {
	t.Helper()
	all := []string{"README.md", "ARCHITECTURE.md"}
	for _, folder := range []string{"docs", "examples"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".md" {
				path, err = filepath.Rel(root, path)
				all = append(all, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestLinks: every relative link leads to a file that exists, and where it names
// a heading, to that.
func TestLinks(t *testing.T) {
	root := filepath.Join("..", "..")
	n := 0
	for _, page := range pages(t, root) {
		text := readPage(t, filepath.Join(root, page))
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], ":") {
				continue // the web's
			}
			n++
			path, anchor, _ := strings.Cut(m[1], "#")
			target := filepath.Join(root, page)
			if path != "" {
				target = filepath.Join(filepath.Dir(target), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link to %s leads nowhere: %v", page, m[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(readPage(t, target)), anchor) {
				t.Errorf("%s: the link to %s: there is no such heading", page, m[1])
			}
		}
	}
	if n == 0 {
		t.Error("no link was found: does the expression still fit?")
	}
}

// anchors are the headings of a page as GitHub makes links of them.
func anchors(text string) []string {
	fenced := regexp.MustCompile("(?s)(?m:^```.*?^```)")
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
				return r
			}
			return -1
		}, strings.ToLower(m[1])))
	}
	return all
}

// TestExamplesOfExternalService: every manifest on the page loads without a
// problem.
func TestExamplesOfExternalService(t *testing.T) {
	const page = "docs/externalservice.md"
	folder := t.TempDir()
	blocks := yamls.FindAllStringSubmatch(readPage(t, filepath.Join("..", "..", page)), -1)
	for i, m := range blocks {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.yaml", i)), []byte(m[1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := file.New(file.Config{
		Paths: []string{folder}, ClusterDomain: "cluster.local",
		ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("127.96.0.0/16")},
	})
	if err != nil {
		t.Fatal(err)
	}
	desired, err := l.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range desired.Problems {
		t.Errorf("%s: example %s, line %d: %s: %s", page, filepath.Base(p.File), p.Line, p.Object, p.Message)
	}
	if len(blocks) < 5 || len(desired.Services) != len(blocks) {
		t.Errorf("%s has %d examples with %d services, want one in each, and one for each type of target", page, len(blocks), len(desired.Services))
	}
}

// TestExamplesWithExternalServices: every manifest of them loads without a problem,
// but for what needs a cluster.
func TestExamplesWithExternalServices(t *testing.T) {
	var files []string
	for _, pattern := range []string{"cluster/fairlead/*.yaml", "failover/*.yaml"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "examples", pattern))
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		files = append(files, found...)
	}
	for _, path := range files { // each by itself: several are of one name
		l, err := file.New(file.Config{Paths: []string{path}, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("127.96.0.0/16")}})
		if err != nil {
			t.Fatal(err)
		}
		desired, err := l.Load()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range desired.Problems {
			if p.Reason != "NeedsCluster" {
				t.Errorf("%s:%d: %s: %s", path, p.Line, p.Object, p.Message)
			}
		}
	}
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
