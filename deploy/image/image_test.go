package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// product is a stand-in for the product's sources, which take a minute to build:
// a module of the same name with a program in the same place.
func product(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"go.mod":                  "module fairlead.dev\n\ngo 1.26\n",
		"cmd/fairlead/main.go":    "package main\n\nvar version string\n\nfunc main() { println(version) }\n",
		"deploy/chart/Chart.yaml": "name: fairlead\nappVersion: \"1.2.3\"\n",
		"deploy/image/go.mod":     "module fairlead.dev/deploy/image\n",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runIn runs the command in a folder and returns what it prints.
func runIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	t.Chdir(dir)
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("%q: exit code %d\n%s", args, code, stderr.String())
	}
	return stdout.String()
}

func makeLayout(t *testing.T, dir string) (v1.ImageIndex, v1.Hash) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "layout")
	runIn(t, dir, "-layout", out, "-version", "v9")
	idx, err := layout.ImageIndexFromPath(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(idx); err != nil {
		t.Fatal(err)
	}
	digest, err := idx.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return idx, digest
}

// TestTheSameSourcesMakeTheSameImage, wherever they are and whenever they are built;
// and others another.
func TestTheSameSourcesMakeTheSameImage(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	here, there := product(t), product(t)
	_, first := makeLayout(t, here)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(there, "cmd/fairlead/main.go"), later, later); err != nil {
		t.Fatal(err)
	}
	if _, second := makeLayout(t, filepath.Join(there, "deploy", "image")); first != second {
		t.Errorf("the same sources made %s and %s", first, second)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1700000001")
	if _, third := makeLayout(t, here); first == third {
		t.Error("another time made the same image: is the time in it?")
	}
}

// TestTheIndexHasAnImageForEachPlatform, which says what it is.
func TestTheIndexHasAnImageForEachPlatform(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	idx, _ := makeLayout(t, product(t))
	manifest, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, m := range manifest.Manifests {
		platforms = append(platforms, m.Platform.String())
		img, err := idx.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		checkConfig(t, img, m.Platform.Architecture)
		checkFiles(t, img)
	}
	if got := strings.Join(platforms, " "); got != "linux/amd64 linux/arm64" {
		t.Errorf("platforms are %s", got)
	}
}

func checkConfig(t *testing.T, img v1.Image, arch string) {
	t.Helper()
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c.OS != "linux" || c.Architecture != arch {
		t.Errorf("the configuration is for %s/%s, want linux/%s", c.OS, c.Architecture, arch)
	}
	if got := fmt.Sprintf("%s %s %d", c.Config.Entrypoint, c.Config.User, c.Created.Unix()); got != "[/fairlead] 65532:65532 1700000000" {
		t.Errorf("entrypoint, user and time are %s", got)
	}
	const prefix = "org.opencontainers.image."
	if l := c.Config.Labels; l[prefix+"version"] != "v9" || l[prefix+"licenses"] != "Apache-2.0" || l[prefix+"source"] == "" {
		t.Errorf("labels are %v", l)
	}
}

// checkFiles: these files and no others, root's, and the program can be run.
func checkFiles(t *testing.T, img v1.Image) {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %d", h.Name, h.Mode, h.Uid))
	}
	const want = "etc/ 755 0, etc/group 644 0, etc/passwd 644 0, etc/ssl/ 755 0, etc/ssl/certs/ 755 0, etc/ssl/certs/ca-certificates.crt 644 0, fairlead 755 0"
	if s := strings.Join(got, ", "); s != want || len(layers) != 1 {
		t.Errorf("%d layers with %s, want one with %s", len(layers), s, want)
	}
}

// TestTheAuthoritiesAreCertificates that have not ended.
func TestTheAuthoritiesAreCertificates(t *testing.T) {
	n := 0
	for block, rest := pem.Decode(authorities()); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !c.IsCA {
			t.Fatalf("authority %d: %v", n, err)
		}
		n++
	}
	if n < 100 {
		t.Errorf("the image trusts %d authorities, want Mozilla's hundred and more", n)
	}
}

// TestAnArchiveHoldsThisMachinesPlatform by the name that the chart asks for.
func TestAnArchiveHoldsThisMachinesPlatform(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "image.tar")
	said := runIn(t, product(t), "-o", out)
	tag, err := name.NewTag("fairlead.dev/fairlead:1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	img, err := tarball.ImageFromPath(out, &tag)
	if err != nil {
		t.Fatal(err)
	}
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c.Architecture != runtime.GOARCH || !strings.Contains(said, tag.String()) {
		t.Errorf("the archive is for %s, and the command said %q", c.Architecture, said)
	}
}

// TestPush: a registry has afterwards what was built.
func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	dir := product(t)
	_, want := makeLayout(t, dir)
	at := strings.TrimPrefix(server.URL, "http://") + "/team/fairlead:1"
	runIn(t, dir, "-version", "v9", "-push", at)
	ref, err := name.ParseReference(at)
	if err != nil {
		t.Fatal(err)
	}
	idx, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := idx.Digest(); got != want || err != nil {
		t.Errorf("the registry has %s (%v), want %s", got, err, want)
	}
}

// TestRefusals: what a person can do wrong is said, with what to do instead, and
// nothing is lost by it.
func TestRefusals(t *testing.T) {
	dir := product(t)
	keep := t.TempDir()
	precious := filepath.Join(keep, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in, args string
		code     int
		say      string
	}{
		{dir, "", 2, "give -o FILE, -layout FOLDER or -push NAME"},
		{dir, "image.tar", 2, `unexpected argument "image.tar"`},
		{dir, "-o x -platform windows/amd64", 1, "linux/arm64 for instance"},
		{dir, "-o x -platform linux/none", 1, "unsupported GOOS/GOARCH pair linux/none"},
		{dir, "-layout " + keep, 1, "name another"},
		{t.TempDir(), "-o x", 1, "run this inside the repository"},
	} {
		t.Chdir(c.in)
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(c.args), &stdout, &stderr)
		if code != c.code || !strings.Contains(stderr.String(), c.say) {
			t.Errorf("%q: exit code %d, want %d, and said %q, want %q in it", c.args, code, c.code, stderr.String(), c.say)
		}
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}
