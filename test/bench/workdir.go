//go:build linux

package main

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const workdirPattern = "fairlead-bench-*"

// workdir is the temporary directory of one run. It is locked while the run
// lives, so that a later one can tell what a kill has left.
type workdir struct {
	path string
	lock *os.File
}

func newWorkdir() (*workdir, error) {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), workdirPattern))
	for _, path := range left {
		if w, err := lockDir(path); err == nil {
			w.remove()
		}
	}
	path, err := os.MkdirTemp("", workdirPattern)
	if err != nil {
		return nil, err
	}
	return lockDir(path)
}

// lockDir fails if the run that the directory belongs to lives.
func lockDir(path string) (*workdir, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return &workdir{path, f}, nil
}

func (w *workdir) remove() {
	os.RemoveAll(w.path)
	w.lock.Close()
}
