//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// The images that every node has. Use them with imagePullPolicy Never.
const (
	BusyboxImage = "fairlead.test/busybox:1" // /bin/sh and all else of busybox
	pauseImage   = "fairlead.test/pause:1"
)

// Image is what a Pod's container is made of. It comes from the machine's
// files; no registry is asked.
type Image struct {
	Name       string            // as Pods name it, with a domain: fairlead.test/app:1
	Files      map[string]string // path in the image to one on the machine
	Links      map[string]string // path in the image to what the symbolic link says
	Texts      map[string]string // path in the image to a file's content
	Entrypoint []string          // a Pod's command replaces it
	Cmd        []string          // its arguments, or what runs without it; a Pod's args replace it
	Env        []string
	User       string // a number, root if empty
}

// Binary is an image of one static program and nothing else, which it runs.
func Binary(name, program string) Image {
	return Image{Name: name, Files: map[string]string{"/app": program}, Entrypoint: []string{"/app"}, User: "65532"}
}

// Rootfs is an image of all that a folder holds.
func Rootfs(name, dir string, entrypoint ...string) (Image, error) {
	img := Image{Name: name, Files: map[string]string{}, Links: map[string]string{}, Entrypoint: entrypoint}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside := "/" + strings.TrimPrefix(strings.TrimPrefix(file, dir), "/")
		switch {
		case d.Type().IsRegular():
			img.Files[inside] = file
		case d.Type() == fs.ModeSymlink:
			img.Links[inside], err = os.Readlink(file)
		}
		return err
	})
	if err != nil {
		return Image{}, fmt.Errorf("make image %s: %w", name, err)
	}
	return img, nil
}

// Tools is an image of busybox and programs of the machine with the libraries
// that they load, so that a Pod runs real clients: curl, dig, psql.
func Tools(name string, programs ...string) (Image, error) {
	img, err := busybox(name)
	if err != nil {
		return Image{}, err
	}
	for _, p := range programs {
		if err := img.addProgram(p); err != nil {
			return Image{}, fmt.Errorf("make image %s: %w", name, err)
		}
	}
	return img, nil
}

// busybox is the machine's, by all of its names.
func busybox(name string) (Image, error) {
	program, err := exec.LookPath("busybox")
	if err != nil {
		return Image{}, fmt.Errorf("make image %s (run `make packages` as root): %w", name, err)
	}
	names, err := exec.Command(program, "--list").Output()
	if err != nil {
		return Image{}, fmt.Errorf("make image %s: %w", name, err)
	}
	img := Image{
		Name:  name,
		Files: map[string]string{"/bin/busybox": program},
		Links: map[string]string{},
		Texts: map[string]string{
			"/etc/passwd":        "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
			"/etc/group":         "root:x:0:\nnogroup:x:65534:\n",
			"/etc/nsswitch.conf": "hosts: files dns\n",
			"/tmp/.keep":         "",
		},
		Cmd: []string{"/bin/sh", "-c", "trap 'exit 0' TERM; sleep 2147483647 & wait"},
		Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp"},
	}
	for applet := range strings.FieldsSeq(string(names)) {
		img.Links["/bin/"+applet] = "busybox"
	}
	delete(img.Links, "/bin/busybox")
	img.addLibraries(program)
	return img, nil
}

// addProgram adds a program, in /usr/bin, and the libraries it loads.
func (img Image) addProgram(name string) error {
	file, err := findProgram(name)
	if err != nil {
		return err
	}
	delete(img.Links, "/bin/"+filepath.Base(name))
	img.Files["/usr/bin/"+filepath.Base(name)] = file
	img.addLibraries(file)
	return nil
}

// addLibraries adds what a program loads, nothing for a static one, of which
// ldd knows nothing to say.
func (img Image) addLibraries(program string) {
	out, err := exec.Command("ldd", program).Output()
	if err != nil {
		return
	}
	for line := range strings.Lines(string(out)) {
		for field := range strings.FieldsSeq(line) {
			if strings.HasPrefix(field, "/") {
				img.Files[path.Clean(field)] = field
			}
		}
	}
}

// findProgram finds the program itself: Debian's psql is a script that picks
// one of several.
func findProgram(name string) (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1], nil
	}
	file, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w (run `make packages` as root)", err)
	}
	return filepath.EvalSymlinks(file)
}

// Import gives the node an image. When it returns, Pods may use it.
func (c *Cluster) Import(ctx context.Context, img Image) (err error) {
	f, err := os.CreateTemp(c.work.dir, "image-*.tar")
	if err != nil {
		return fmt.Errorf("import %s: %w", img.Name, err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := img.archive(f); err != nil {
		return fmt.Errorf("import %s: %w", img.Name, err)
	}
	return c.ImportFile(ctx, img.Name, f.Name())
}

// ImportFile gives the node the image called name, with its tag, from an archive
// as `docker save` writes it. When it returns, Pods may use it.
func (c *Cluster) ImportFile(ctx context.Context, name, file string) error {
	if _, err := c.ctr(ctx, "images", "import", file); err != nil {
		return fmt.Errorf("import %s: %w", name, err)
	}
	// The kubelet sees it once containerd has labelled it, just after.
	return poll(ctx, 20*time.Millisecond, func(ctx context.Context) error {
		out, err := c.ctr(ctx, "images", "ls", "name=="+name)
		if err == nil && !strings.Contains(out, "io.cri-containerd.image=managed") {
			err = fmt.Errorf("containerd does not offer image %s to Pods", name)
		}
		return err
	})
}

// importBase imports what every node has.
func (c *Cluster) importBase(ctx context.Context) error {
	pause, err := busybox(pauseImage)
	if err != nil {
		return err
	}
	base := pause
	base.Name = BusyboxImage
	return together(
		func() error { return c.Import(ctx, pause) },
		func() error { return c.Import(ctx, base) },
	)
}
