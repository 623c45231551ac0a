package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// source is a version of the product.
type source struct {
	dir      string
	version  string    // as `fairlead version` prints it
	revision string    // the commit; empty outside git
	created  time.Time // of the commit, so that building again makes the same image
}

// findSource finds the product's module at dir or above, and asks git about it.
// SOURCE_DATE_EPOCH, in seconds, replaces the time of the commit; without both it
// is the beginning of 1970.
func findSource(ctx context.Context, dir string) (source, error) {
	root, err := findRoot(dir)
	if err != nil {
		return source{}, err
	}
	s := source{dir: root, version: "devel", created: time.Unix(0, 0).UTC()}
	if v := git(ctx, root, "describe", "--tags", "--always", "--dirty"); v != "" {
		s.version = v
	}
	s.revision = git(ctx, root, "rev-parse", "HEAD")
	seconds := git(ctx, root, "log", "-1", "--format=%ct")
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds = epoch
	}
	if seconds == "" {
		return s, nil
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return s, fmt.Errorf("SOURCE_DATE_EPOCH is %q: give seconds since 1970", seconds)
	}
	s.created = time.Unix(n, 0).UTC()
	return s, nil
}

func findRoot(dir string) (string, error) {
	for ; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module fairlead.dev\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod of fairlead.dev here or above: run this inside the repository")
		}
	}
}

// git is what git says, or nothing: sources need not come from git.
func git(ctx context.Context, dir string, args ...string) string {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// chartImage is the image that the chart asks for when no value says otherwise.
func chartImage(root string) (string, error) {
	const repository = "fairlead.dev/fairlead"
	path := filepath.Join(root, "deploy", "chart", "Chart.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("find the image's tag (or give -tag): %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "appVersion:"); ok {
			return repository + ":" + strings.Trim(strings.TrimSpace(v), `"`), nil
		}
	}
	return "", fmt.Errorf("%s has no appVersion: give -tag", path)
}

// parsePlatform reads os/architecture.
func parsePlatform(s string) (v1.Platform, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 2 || parts[0] != "linux" || parts[1] == "" {
		return v1.Platform{}, fmt.Errorf("platform %q: write linux/ and an architecture of Go, linux/arm64 for instance", s)
	}
	return v1.Platform{OS: parts[0], Architecture: parts[1]}, nil
}

// build builds the program for a platform. What it makes depends on the sources
// and Go's version only: not on where they are, on git or on a C compiler.
func (s source) build(ctx context.Context, p v1.Platform, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -X main.version="+s.version, "-o", out, "./cmd/fairlead")
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.OS, "GOARCH="+p.Architecture, "GOWORK=off")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build for %s: %w\n%s", p, err, said)
	}
	return nil
}
