package file

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// patience is how long a test waits for what must come. Nothing waits for it
// unless something is broken.
const patience = 20 * time.Second

// watched is a folder under watch.
type watched struct {
	folder
	loader *Loader
	states chan Desired
	last   string
}

// startWatch watches the named files of a folder, or all of it. The poll is set
// to never: what comes, comes from the file system's events.
func startWatch(t *testing.T, f folder, names ...string) *watched {
	t.Helper()
	return startWatchWith(t, f, func(l *Loader, ctx context.Context, changed func(Desired)) error { return l.Watch(ctx, changed) }, time.Hour, names...)
}

func startWatchWith(t *testing.T, f folder, run func(*Loader, context.Context, func(Desired)) error, poll time.Duration, names ...string) *watched {
	t.Helper()
	paths := []string{}
	for _, n := range names {
		paths = append(paths, f.join(n))
	}
	if len(paths) == 0 {
		paths = []string{f.path}
	}
	l, err := New(Config{Paths: paths, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("127.96.0.0/16")}, Quiet: 5 * time.Millisecond, Poll: poll})
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{folder: f, loader: l, states: make(chan Desired, 1000)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(l, ctx, func(d Desired) { w.states <- d }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Watch: %v", err)
		}
	})
	return w
}

// serves waits until exactly this is served: NAME=HOST, in order.
func (w *watched) serves(want ...string) {
	w.t.Helper()
	until := time.After(patience)
	for {
		select {
		case d := <-w.states:
			var got []string
			for _, s := range d.Services {
				got = append(got, s.Key.Name+"="+where(s.Targets[0]))
			}
			w.last = strings.Join(got, " ")
			if w.last == strings.Join(want, " ") {
				return
			}
		case <-until:
			w.t.Fatalf("served is %q, want %q", w.last, strings.Join(want, " "))
		}
	}
}

func TestWatchSaves(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "one"))
	w := startWatch(t, f)
	w.serves("a=one")

	f.write("a.yaml", service("a", "in-place"))
	w.serves("a=in-place")

	f.write("a.yaml.tmp", service("a", "renamed"))
	f.rename("a.yaml.tmp", "a.yaml")
	w.serves("a=renamed")

	f.rename("a.yaml", "a.yaml~")
	f.write("a.yaml", service("a", "as-vim-does"))
	f.remove("a.yaml~")
	w.serves("a=as-vim-does")

	f.write("a.yaml", "kind: [\n")
	f.write("b.yaml", service("b", "new"))
	w.serves("a=as-vim-does", "b=new")

	f.remove("a.yaml")
	w.serves("b=new")
	f.write("a.yaml", service("a", "restored"))
	w.serves("a=restored", "b=new")
}

func TestWatchFolders(t *testing.T) {
	f := newFolder(t)
	w := startWatch(t, f)
	w.serves()

	f.write("x/y/z/a.yaml", service("a", "deep"))
	w.serves("a=deep")
	f.write("x/y/z/a.yaml", service("a", "edited"))
	w.serves("a=edited")

	f.rename("x/y", "x/w")
	f.write("x/w/z/b.yaml", service("b", "moved-along"))
	w.serves("a=edited", "b=moved-along")

	f.remove("x")
	w.serves()
	f.write("x/w/z/c.yaml", service("c", "again"))
	w.serves("c=again")
	f.write("x/w/z/c.yaml", service("c", "and-again"))
	w.serves("c=and-again")
}

// A ConfigMap or Secret in a Pod: files are links into ..data, which is a link
// to a folder that is swapped.
func TestWatchMountedConfigMap(t *testing.T) {
	f := newFolder(t)
	f.write("..1/a.yaml", service("a", "one"))
	f.link("..1", "..data")
	f.link("..data/a.yaml", "a.yaml")
	w := startWatch(t, f)
	w.serves("a=one")
	for i, host := range []string{"two", "three"} {
		dir := "..next" + string(rune('a'+i))
		f.write(dir+"/a.yaml", service("a", host))
		f.link(dir, "..data_tmp")
		f.rename("..data_tmp", "..data")
		w.serves("a=" + host)
	}
}

// The other end of a link is watched too.
func TestWatchLinkedFile(t *testing.T) {
	f, elsewhere := newFolder(t), newFolder(t)
	elsewhere.write("real.yaml", service("a", "one"))
	f.link(elsewhere.join("real.yaml"), "a.yaml")
	w := startWatch(t, f)
	w.serves("a=one")
	elsewhere.write("real.yaml", service("a", "two"))
	w.serves("a=two")
	elsewhere.write("new.yaml", service("a", "three"))
	elsewhere.rename("new.yaml", "real.yaml")
	w.serves("a=three")
}

// A path that the person named may go and come back.
func TestWatchNamedPaths(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "one"))
	f.write("dir/sub/b.yaml", service("b", "one"))
	w := startWatch(t, f, "a.yaml", "dir/sub")
	w.serves("a=one", "b=one")

	f.remove("a.yaml")
	w.serves("b=one")
	f.write("a.yaml", service("a", "two"))
	w.serves("a=two", "b=one")

	f.remove("dir")
	w.serves("a=two")
	f.write("dir/sub/b.yaml", service("b", "two"))
	w.serves("a=two", "b=two")
	f.write("dir/sub/b.yaml", service("b", "three"))
	w.serves("a=two", "b=three")
}

func TestWatchTellsOfMissingPaths(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "one"))
	w := startWatch(t, f, "a.yaml")
	w.serves("a=one")
	f.remove("a.yaml")
	want := "a.yaml: Error PathMissing: there is no file or folder DIR/a.yaml: check the path => restore it, or start fairlead with other paths\n"
	select {
	case d := <-w.states:
		if got := f.words(d); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	case <-time.After(patience):
		t.Fatal("nothing was told")
	}
}

// What is written into a folder after it was read, and before it is watched, is
// not missed.
func TestWatchMissesNothingInBetween(t *testing.T) {
	f := newFolder(t)
	f.write("sub/README.md", "nothing yet")
	notifier, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer notifier.Close()
	w := &watch{loader: f.loader(), notifier: notifier, add: func(folder string) error {
		if folder == f.join("sub") {
			f.write("sub/a.yaml", service("a", "in-between"))
		}
		return notifier.Add(folder)
	}}
	d, _, err := w.load()
	if err != nil || names(d) != "a" {
		t.Errorf("served %q, want a; error %v", names(d), err)
	}
}

// Where the system tells nothing, the poll finds out.
func TestPoll(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "one"))
	deaf := func(l *Loader, ctx context.Context, changed func(Desired)) error {
		w := &watch{loader: l, changed: changed}
		if err := w.reload(); err != nil {
			return err
		}
		w.run(ctx)
		return nil
	}
	w := startWatchWith(t, f, deaf, 5*time.Millisecond)
	w.serves("a=one")
	f.write("a.yaml", service("a", "two"))
	w.serves("a=two")
	f.write("sub/b.yaml", service("b", "one"))
	w.serves("a=two", "b=one")
	f.remove("a.yaml")
	w.serves("b=one")
}

// What changes nothing is not told.
func TestWatchTellsOnlyOfChanges(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "one"))
	w := startWatch(t, f)
	w.serves("a=one")
	for range 20 {
		f.write("a.yaml", service("a", "one"))
		f.write("notes.txt", "nothing")
		now := time.Now()
		if err := os.Chtimes(f.join("a.yaml"), now, now); err != nil {
			t.Fatal(err)
		}
	}
	f.write("b.yaml", service("b", "two"))
	select {
	case d := <-w.states:
		if got := names(d); got != "a b" && !strings.Contains(f.problems(d.Problems), "FileEmpty") {
			t.Errorf("told of %q, want a b", got)
		}
	case <-time.After(patience):
		t.Fatal("nothing was told")
	}
}

// What Load has returned is not told again.
func TestWatchAfterLoad(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "one"))
	done, cancel := context.WithCancel(t.Context())
	cancel()
	told := func(l *Loader) (n int) {
		if err := l.Watch(done, func(Desired) { n++ }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := told(f.loader()); n != 1 {
		t.Errorf("without Load it tells %d times, want once", n)
	}
	l := f.loader()
	f.load(l)
	if n := told(l); n != 0 {
		t.Errorf("after Load it tells %d times, want never", n)
	}
	f.write("a.yaml", service("a", "another"))
	if n := told(l); n != 1 {
		t.Errorf("after a change since Load it tells %d times, want once", n)
	}
}

// Watch fails at once when there is nothing to watch.
func TestWatchMissingPath(t *testing.T) {
	l, err := New(Config{Paths: []string{filepath.Join(t.TempDir(), "missing")}})
	if err != nil {
		t.Fatal(err)
	}
	err = l.Watch(t.Context(), func(Desired) { t.Error("told of something") })
	if err == nil || !strings.Contains(err.Error(), "check the path") {
		t.Errorf("Watch gives %v", err)
	}
}
