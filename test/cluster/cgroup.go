//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cgroupMounts are the roots of the machine's control group hierarchies: many
// with version 1, one with version 2.
func cgroupMounts() ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, fmt.Errorf("find the control groups: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) > 2 && (fields[2] == "cgroup" || fields[2] == "cgroup2") {
			found = append(found, fields[1])
		}
	}
	return found, nil
}

// makeCgroups makes a group of this name at the root of every hierarchy. All
// of the node's Pods live below, so that two nodes on one machine do not take
// each other's for their own.
func makeCgroups(name string) error {
	mounts, err := cgroupMounts()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		if err := os.Mkdir(filepath.Join(m, name), 0o755); err != nil {
			return fmt.Errorf("make the node's control group (is %s writable?): %w", m, err)
		}
	}
	return nil
}

// removeCgroups removes the groups of this name and all below them. Their
// processes have been killed; the kernel may need a moment to see them off.
func removeCgroups(name string) error {
	mounts, err := cgroupMounts()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, m := range mounts {
		err := poll(ctx, 10*time.Millisecond, func(context.Context) error { return removeTree(filepath.Join(m, name)) })
		if err != nil {
			return fmt.Errorf("remove the node's control group: %w", err)
		}
	}
	return nil
}

// removeTree removes folders, the deepest first. The files of a control group
// go with it and cannot be removed alone.
func removeTree(root string) error {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	for _, dir := range slices.Backward(dirs) {
		if gone := syscall.Rmdir(dir); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("remove %s: %w", dir, gone))
		}
	}
	return err
}
