package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fairlead.dev/internal/model"
)

// scanned is what there is to read at one moment.
type scanned struct {
	files []candidate
	// folders are those to watch.
	folders []string
	// unread are folders that exist and could not be listed: what was known of
	// them stands.
	unread   []string
	problems []model.Problem
	// named are the paths that the person named and that exist, shared those of
	// them that have something in common with an earlier one.
	named  []string
	shared map[string]bool
}

// candidate is one file to read, below the path root that was named.
type candidate struct {
	path, root string
	info       fs.FileInfo
}

// walker collects candidates.
type walker struct {
	scanned
	// seen are the real paths of what has been found, so that a file that is
	// named twice, or a symbolic link in a circle, is read once.
	seen map[string]bool
	root string
}

// scan lists the files to read. Only the first time is a missing path an error.
func (l *Loader) scan() (scanned, error) {
	w := &walker{seen: make(map[string]bool), scanned: scanned{shared: make(map[string]bool)}}
	for _, p := range l.cfg.Paths {
		p = filepath.Clean(p)
		w.root = p
		err := w.path(p)
		if err == nil {
			w.named = append(w.named, p)
			continue
		}
		if !l.loaded {
			return scanned{}, err
		}
		w.problem(model.Error, "PathMissing", p, err.Error(), "restore it, or start fairlead with other paths")
	}
	slices.Sort(w.folders)
	w.folders = slices.Compact(w.folders)
	return w.scanned, nil
}

// path looks at a path that the person named.
func (w *walker) path(path string) error {
	w.folders = append(w.folders, existing(filepath.Dir(path)))
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file or folder %s: check the path", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be read: check the permissions of the path", path)
	case err != nil:
		return fmt.Errorf("cannot look at %s: %w", path, err)
	case info.IsDir():
		w.folder(path, realPath(path))
		return nil
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is %s: write its content into a file and name that", path, modeWords(info.Mode()))
	default:
		w.file(path, realPath(path), true, info)
		return nil
	}
}

// folder lists a folder and what is below it. real is its path without
// symbolic links.
func (w *walker) folder(path, real string) {
	if w.again(real) {
		return
	}
	w.folders = append(w.folders, path)
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.unread = append(w.unread, path)
		w.problem(model.Error, "FolderUnreadable", path, "cannot list the folder: "+plainError(err), "check its permissions")
	}
	for _, e := range entries {
		w.entry(path, real, e)
	}
}

// entry looks at one entry of a folder. What is not a manifest's file is passed
// over in silence.
func (w *walker) entry(dir, realDir string, e fs.DirEntry) {
	name, mode := e.Name(), e.Type()
	if hidden(name) || mode.IsRegular() && !isManifest(name) {
		return
	}
	path, real := filepath.Join(dir, name), filepath.Join(realDir, name)
	info, err := e.Info()
	if err == nil && mode&fs.ModeSymlink != 0 {
		info, err = os.Stat(path)
		real = realPath(path)
	}
	switch {
	case err != nil && mode&fs.ModeSymlink != 0:
		w.dangling(path, err)
	case err != nil: // gone again
	case info.IsDir():
		w.folder(path, real)
	case info.Mode().IsRegular() && isManifest(name):
		w.file(path, real, mode&fs.ModeSymlink != 0, info)
	}
}

// dangling tells about a symbolic link that leads nowhere, if it may have led
// to a manifest or a folder.
func (w *walker) dangling(path string, err error) {
	target, gone := os.Readlink(path)
	if name := filepath.Base(path); gone != nil || !isManifest(name) && filepath.Ext(name) != "" {
		return
	}
	why := "cannot be followed: " + plainError(err)
	if errors.Is(err, fs.ErrNotExist) {
		why = "leads nowhere"
	}
	w.problem(model.Warning, "DanglingLink", path, fmt.Sprintf("the symbolic link to %s %s", target, why), "restore what it leads to, or delete the link")
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	w.folders = append(w.folders, existing(filepath.Dir(target))) // where it may come back
}

func (w *walker) file(path, real string, linked bool, info fs.FileInfo) {
	if w.again(real) {
		return
	}
	w.files = append(w.files, candidate{path: path, root: w.root, info: info})
	if linked {
		w.folders = append(w.folders, filepath.Dir(real)) // the link's other end
	}
}

// again reports whether something was found before, by whatever name.
func (w *walker) again(real string) bool {
	if w.seen[real] {
		w.shared[w.root] = true
		return true
	}
	w.seen[real] = true
	return false
}

func (w *walker) problem(s model.Severity, reason, file, message, hint string) {
	w.problems = append(w.problems, model.Problem{Severity: s, Reason: reason, File: file, Message: message, Hint: hint})
}

// realPath is the absolute path without symbolic links, as far as it can be had.
func realPath(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		path = p
	}
	if p, err := filepath.Abs(path); err == nil {
		path = p
	}
	return path
}

// hidden reports whether a name is hidden, or an editor's own: a backup, a lock
// or a swap file.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") ||
		strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".tmp")
}

func isManifest(name string) bool {
	switch filepath.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	default:
		return false
	}
}

// existing is the innermost folder of a path that exists.
func existing(path string) string {
	for {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
		parent := filepath.Dir(path)
		if parent == path {
			return path
		}
		path = parent
	}
}

func modeWords(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}

// plainError is an error without the operation and the path, which stand beside it.
func plainError(err error) string {
	if pe := new(fs.PathError); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
