package file

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// longestQuiet is how many quiet times a change waits at most while others
// keep coming.
const longestQuiet = 8

// Watch loads, and calls changed if anything is new since the last
// [Loader.Load], or there was none. From then on it calls changed whenever what
// the files ask for may have changed, until ctx is done. It does so from one
// goroutine only.
//
// It listens to the file system, and looks at all files now and then in case
// the system does not tell: network file systems do not.
func (l *Loader) Watch(ctx context.Context, changed func(Desired)) error {
	w := &watch{loader: l, changed: changed}
	notifier, err := fsnotify.NewWatcher()
	if err != nil {
		l.cfg.Logger.Warn("cannot watch files, looking at them now and then instead", "error", err, "every", l.cfg.Poll)
	} else {
		defer notifier.Close()
		w.notifier, w.add = notifier, notifier.Add
	}
	if err := w.reload(); err != nil {
		return err
	}
	w.run(ctx)
	return nil
}

// watch is one run of Watch.
type watch struct {
	loader   *Loader
	changed  func(Desired)
	notifier *fsnotify.Watcher // nil where the system has none to give
	// add is the notifier's.
	add func(folder string) error
	// deaf is whether a folder could not be watched, and that was said.
	deaf bool
}

// run waits for changes. Every event moves the reading back by the quiet time,
// up to a limit, so that a file that is being written is read when it is whole.
func (w *watch) run(ctx context.Context) {
	cfg := w.loader.cfg
	poll := time.NewTicker(cfg.Poll)
	defer poll.Stop()
	quiet := time.NewTimer(0)
	quiet.Stop()
	defer quiet.Stop()
	var since time.Time
	disturb := func() {
		now := time.Now()
		if since.IsZero() {
			since = now
		}
		quiet.Reset(min(cfg.Quiet, max(0, since.Add(longestQuiet*cfg.Quiet).Sub(now))))
	}
	events, errs := w.channels()
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			disturb()
		case err := <-errs:
			cfg.Logger.Warn("lost track of file changes, looking at all files", "error", err)
			disturb()
		case <-poll.C:
			if w.loader.stale() {
				disturb()
			}
		case <-quiet.C:
			since = time.Time{}
			if err := w.reload(); err != nil {
				cfg.Logger.Error("cannot load manifests", "error", err)
			}
		}
	}
}

func (w *watch) channels() (<-chan fsnotify.Event, <-chan error) {
	if w.notifier == nil {
		return nil, nil
	}
	return w.notifier.Events, w.notifier.Errors
}

// reload loads, and calls changed if anything is new.
func (w *watch) reload() error {
	d, news, err := w.load()
	if err != nil {
		return err
	}
	if news {
		w.changed(d)
	}
	return nil
}

func (w *watch) load() (Desired, bool, error) {
	l := w.loader
	l.mu.Lock()
	defer l.mu.Unlock()
	found, err := l.scan()
	if err != nil {
		return Desired{}, false, err
	}
	// Folders are watched before they are read, or what changes in between
	// would be missed. New ones may be in new folders, hence the loop; the poll
	// catches whoever makes folders faster than this.
	for range 8 {
		if !w.follow(found.folders) {
			break
		}
		if found, err = l.scan(); err != nil {
			return Desired{}, false, err
		}
	}
	news := l.refresh(found)
	return l.current(found, news), news, nil
}

// follow watches these folders and no others. It reports whether any is new.
func (w *watch) follow(folders []string) bool {
	if w.notifier == nil {
		return false
	}
	gone := make(map[string]bool)
	for _, f := range w.notifier.WatchList() {
		gone[f] = true
	}
	added := false
	for _, f := range folders {
		if gone[f] {
			delete(gone, f)
			continue
		}
		err := w.add(f)
		switch {
		case err == nil:
			added = true
		case !w.deaf && !errors.Is(err, fs.ErrNotExist):
			w.deaf = true
			w.loader.cfg.Logger.Warn("cannot watch a folder, looking at it now and then instead", "folder", f, "error", err, "every", w.loader.cfg.Poll)
		}
	}
	for f := range gone {
		_ = w.notifier.Remove(f) // gone already, or as good as
	}
	return added
}

// stale reports whether anything on disk is not as it was read.
func (l *Loader) stale() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, err := l.scan()
	if err != nil || len(found.files) != len(l.files) || !slices.Equal(found.problems, l.scanProblems) {
		return true
	}
	return slices.ContainsFunc(found.files, func(c candidate) bool {
		m := l.files[c.path]
		return m == nil || !m.same(c.info)
	})
}
