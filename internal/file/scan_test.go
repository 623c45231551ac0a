package file

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func names(d Desired) string {
	var out []string
	for _, s := range d.Services {
		out = append(out, s.Key.Name)
	}
	return strings.Join(out, " ")
}

func TestWhatIsRead(t *testing.T) {
	f := newFolder(t)
	for _, name := range []string{"a.yaml", "b.yml", "sub/deep/d.yaml"} {
		f.write(name, service(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), "x.example.com"))
	}
	f.write("c.json", `{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":{"type":"ExternalName","externalName":"x.example.com"}}`)
	for _, name := range []string{".hidden.yaml", ".git/e.yaml", "#f.yaml", "g.yaml~", "h.yaml.swp", ".i.yaml.swp", "j.yaml.tmp", "README.md", "k.txt", "4913"} {
		f.write(name, service("unwanted", "x.example.com"))
	}
	if err := syscall.Mkfifo(f.join("pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.link("nowhere.yaml", "dangling.yaml")
	f.link(".", "circle")
	f.link(".", "sub/circle") // which would double what there is to read, forty times
	f.link("..", "sub/another")
	f.link("a.yaml", "same.yaml")
	f.write("../"+filepath.Base(f.path)+"-outside/o.yaml", service("o", "x.example.com"))
	f.link("../"+filepath.Base(f.path)+"-outside", "linked")

	d := f.load(f.loader())
	if got, want := names(d), "a b c d o"; got != want {
		t.Errorf("served %q, want %q", got, want)
	}
	if d.Files != 5 {
		t.Errorf("%d files, want 5", d.Files)
	}
	if got, want := f.problems(d.Problems), "dangling.yaml: Warning DanglingLink: the symbolic link to nowhere.yaml leads nowhere => restore what it leads to, or delete the link\n"; got != want {
		t.Errorf("problems are\n%s\nwant\n%s", got, want)
	}
}

// A link that may have led to manifests, and leads nowhere, is told until it
// leads somewhere again.
func TestLinksThatLeadNowhere(t *testing.T) {
	f, elsewhere := newFolder(t), newFolder(t)
	f.write("a.yaml", service("a", "x.example.com"))
	f.link(elsewhere.join("deep/folder"), "folder")
	f.link("b.yaml", "b.yaml")
	for _, name := range []string{".#a.yaml", "notes.txt", "a.yaml~"} {
		f.link("somebody@host.1234", name)
	}
	l := f.loader()
	nowhere := "folder: Warning DanglingLink: the symbolic link to ELSEWHERE/deep/folder leads nowhere => restore what it leads to, or delete the link\n"
	loop := "b.yaml: Warning DanglingLink: the symbolic link to b.yaml cannot be followed: too many levels of symbolic links => restore what it leads to, or delete the link\n"
	problems := func() string { return strings.ReplaceAll(f.problems(f.load(l).Problems), elsewhere.path, "ELSEWHERE") }
	if got := problems(); got != loop+nowhere {
		t.Errorf("problems are\n%s\nwant\n%s", got, loop+nowhere)
	}
	elsewhere.write("deep/folder/c.yaml", service("c", "x.example.com"))
	if got := problems(); got != loop {
		t.Errorf("after one is restored problems are\n%s\nwant\n%s", got, loop)
	}
}

// A file that is named twice is read once, and a file that is named is read
// whatever its name.
func TestNamedPaths(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "x.example.com"))
	f.write("manifest", service("b", "x.example.com"))
	f.write("empty/README.md", "nothing")
	d := f.load(f.loader("a.yaml", "empty", ".", "manifest"))
	want := "default/a a.yaml:1 x.example.com\ndefault/b manifest:1 x.example.com\n" +
		"empty: Warning NothingHere: there is nothing to serve in DIR/empty => write a Service, an EndpointSlice or an ExternalService there, or name another path\n"
	if got := f.words(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPathsThatCannotBeRead(t *testing.T) {
	f := newFolder(t)
	if err := syscall.Mkfifo(f.join("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"missing":     "there is no file or folder DIR/missing: check the path",
		"missing/too": "there is no file or folder DIR/missing/too: check the path",
		"pipe":        "DIR/pipe is a pipe: write its content into a file and name that",
	} {
		_, err := f.loader(name).Load()
		if err == nil || strings.ReplaceAll(err.Error(), f.path, "DIR") != want {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
}

func TestNewChecksItsConfig(t *testing.T) {
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "no manifests: name the files or folders to read"},
		{Config{Paths: []string{"."}, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("127.96.0.0/30")}}, "--service-cidr: service range 127.96.0.0/30 is too small: write /28 or larger"},
	} {
		if _, err := New(tt.cfg); err == nil || err.Error() != tt.want {
			t.Errorf("New gives %v, want %s", err, tt.want)
		}
	}
}

func TestLargeFile(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "x.example.com"))
	f.write("large.yaml", "")
	if err := os.Truncate(f.join("large.yaml"), maxSize+1); err != nil {
		t.Fatal(err)
	}
	want := "default/a a.yaml:1 x.example.com\nlarge.yaml: Error FileTooLarge: the file is larger than 64 MiB, the most that is read => split it\n"
	if got := f.words(f.load(f.loader())); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTenMegabytesAreRead(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", docs(strings.Repeat("# a comment that goes on and on\n", 10<<20/32), service("a", "x.example.com")))
	if got := names(f.load(f.loader())); got != "a" {
		t.Errorf("served %q, want a", got)
	}
}

// What may not be read is a problem of its own, and no other file's.
func TestPermissions(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "x.example.com"))
	f.write("b.yaml", service("b", "x.example.com"))
	f.write("sub/c.yaml", service("c", "x.example.com"))
	if os.Geteuid() == 0 {
		beNobody(t, filepath.Dir(f.path)) // root may read everything
	}
	l := f.loader()
	before := f.services(f.load(l))
	t.Cleanup(func() { _ = os.Chmod(f.join("sub"), 0o700) })
	for path, mode := range map[string]os.FileMode{"b.yaml": 0, "sub": 0} {
		if err := os.Chmod(f.join(path), mode); err != nil {
			t.Fatal(err)
		}
	}
	want := before + `b.yaml: Error FileUnreadable: cannot read the file: permission denied => check its permissions
b.yaml: Warning LastGoodVersion: the file has errors, so that its last good version stays in effect: 1 service is served as before => mend the errors, and it is read again
sub: Error FolderUnreadable: cannot list the folder: permission denied => check its permissions
`
	got := strings.Split(f.words(f.load(l)), "\n")
	for _, line := range strings.Split(want, "\n") {
		if !slices.Contains(got, line) {
			t.Errorf("%q is not in\n%s", line, strings.Join(got, "\n"))
		}
	}
	fresh := f.words(f.load(f.loader()))
	if !strings.HasPrefix(fresh, "default/a a.yaml:1 x.example.com\n") || strings.Contains(fresh, "default/b") {
		t.Errorf("a start without permissions gives\n%s", fresh)
	}
}

// beNobody gives a folder to an ordinary user and lets the process act as that
// user until the test ends.
func beNobody(t *testing.T, folder string) {
	t.Helper()
	const nobody = 65534
	err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	})
	if err == nil {
		err = syscall.Setreuid(-1, nobody)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setreuid(-1, 0); err != nil {
			t.Fatal(err)
		}
	})
}
