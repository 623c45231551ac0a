//go:build linux

package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Build makes sure that the programs are built, so that the next start is
// quick. It is for a build machine to warm its cache.
func Build(ctx context.Context, log io.Writer) error {
	_, err := build(ctx, Options{Node: true}, log)
	return err
}

func build(ctx context.Context, opts Options, log io.Writer) (programs, error) {
	root, err := findRoot()
	if err != nil {
		return programs{}, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return programs{}, fmt.Errorf("cluster: no cache directory (set XDG_CACHE_HOME): %w", err)
	}
	b := builder{root: filepath.Join(root, "test", "cluster"), cache: filepath.Join(cache, "fairlead-test"), log: log}
	var p programs
	if p.kube, err = b.ensure(ctx, kubeSource()); err != nil {
		return p, err
	}
	if p.coredns, err = b.ensure(ctx, corednsSource()); err != nil || !opts.Node {
		return p, err
	}
	p.containerd, err = b.ensure(ctx, containerdSource())
	return p, err
}

// builder builds sources into a cache.
type builder struct {
	root, cache string
	log         io.Writer
}

// ensure returns the path of src's program and builds it unless its cache
// entry is there. An entry is complete or absent: it gets its name last.
func (b builder) ensure(ctx context.Context, src source) (string, error) {
	key, err := b.key(ctx, src)
	if err != nil {
		return "", err
	}
	entry := filepath.Join(b.cache, key)
	program := filepath.Join(entry, src.name)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return "", fmt.Errorf("cluster: make the cache: %w", err)
	}
	unlock, err := b.lock(ctx, src.name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(program); err == nil {
		return program, nil // somebody built it while we waited
	}
	return program, b.fill(ctx, src, entry)
}

// fill builds src beside its entry and moves it there.
func (b builder) fill(ctx context.Context, src source, entry string) (err error) {
	pattern := "new-" + src.name + "-*"
	ended, _ := filepath.Glob(filepath.Join(b.cache, pattern)) // we hold the lock, so these were killed
	for _, dir := range ended {
		_ = os.RemoveAll(dir)
	}
	tmp, err := os.MkdirTemp(b.cache, pattern)
	if err != nil {
		return fmt.Errorf("cluster: make the cache: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()

	if err := b.goBuild(ctx, src, filepath.Join(tmp, src.name)); err != nil {
		return err
	}
	for _, name := range src.links {
		if err := os.Symlink(src.name, filepath.Join(tmp, name)); err != nil {
			return fmt.Errorf("cluster: %w", err)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	if err := os.Rename(tmp, entry); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	return nil
}

// key is a hash over everything that decides what the program will be.
func (b builder) key(ctx context.Context, src source) (string, error) {
	dir := filepath.Join(b.root, src.name)
	env, err := goCommand(ctx, dir, "env", "GOVERSION", "GOOS", "GOARCH").Output()
	if err != nil {
		return "", fmt.Errorf("cluster: ask go for its version (is go in PATH?): %w", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", fmt.Errorf("cluster: %w", err)
	}
	files = append(files, filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum"))
	slices.Sort(files)

	sum := sha256.New()
	fmt.Fprintf(sum, "%s%q%q%t\n", env, src.flags, src.links, src.tools)
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("cluster: %w", err)
		}
		fmt.Fprintf(sum, "%s %d\n%s", filepath.Base(path), len(data), data)
	}
	return src.name + "-" + hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// lock waits until no other process builds the program called name.
func (b builder) lock(ctx context.Context, name string) (unlock func(), err error) {
	path := filepath.Join(b.cache, name+".lock")
	if f, err := lockFile(path, syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		return func() { f.Close() }, nil
	}
	fmt.Fprintf(b.log, "cluster: another process is building %s; waiting for it\n", name)
	type result struct {
		file *os.File
		err  error
	}
	got := make(chan result, 1)
	go func() {
		f, err := lockFile(path, syscall.LOCK_EX)
		got <- result{f, err}
	}()
	select {
	case r := <-got:
		return func() { r.file.Close() }, r.err
	case <-ctx.Done():
		go func() { (<-got).file.Close() }() // give the lock back when it comes
		return nil, fmt.Errorf("cluster: wait for the build of %s: %w", name, ctx.Err())
	}
}
