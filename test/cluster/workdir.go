//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	workdirPattern = "fairlead-cluster-*"
	maxSocketPath  = 107 // what Linux allows
)

// workdir is the temporary directory of one cluster. Its lock is held while
// the owner lives, so that a later run can tell what a crash has left.
type workdir struct {
	dir  string
	lock *os.File
}

func newWorkdir() (*workdir, error) {
	sweep()
	dir, err := os.MkdirTemp("", workdirPattern)
	if err != nil {
		return nil, fmt.Errorf("cluster: make a work directory (set TMPDIR to a writable one): %w", err)
	}
	w := &workdir{dir: dir}
	if longest := w.path("peer.sock"); len(longest) > maxSocketPath {
		return nil, errors.Join(fmt.Errorf("cluster: %s is too long for a Unix socket; set TMPDIR to a shorter path", longest), os.RemoveAll(dir))
	}
	// Locked before it gets its name: nobody may see it unlocked.
	if w.lock, err = lockFile(w.path("lock.new"), syscall.LOCK_EX); err == nil {
		err = os.Rename(w.path("lock.new"), w.path("lock"))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cluster: %w", err), os.RemoveAll(dir))
	}
	return w, nil
}

// name is unique among the clusters of this machine.
func (w *workdir) name() string { return filepath.Base(w.dir) }

func (w *workdir) path(name string) string {
	return filepath.Join(w.dir, name)
}

func (w *workdir) write(name, text string) error {
	return os.WriteFile(w.path(name), []byte(text), 0o600)
}

func (w *workdir) remove() error {
	defer w.lock.Close()
	if err := os.RemoveAll(w.dir); err != nil {
		return fmt.Errorf("cluster: remove %s: %w", w.dir, err)
	}
	return nil
}

// sweep removes work directories whose owner has died. It is a courtesy:
// what it cannot remove stays.
func sweep() {
	locks, _ := filepath.Glob(filepath.Join(os.TempDir(), workdirPattern, "lock"))
	for _, path := range locks {
		lock, err := lockFile(path, syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil {
			continue // in use
		}
		if removeCgroups(filepath.Base(filepath.Dir(path))) == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
		_ = lock.Close()
	}
}

// lockFile opens path and locks it; the lock ends when the file is closed or
// the process dies.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return f, nil
		}
		if err != syscall.EINTR {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
	}
}
