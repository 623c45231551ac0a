package podenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	resolvConfPath = "/etc/resolv.conf"
	nsswitchPath   = "/etc/nsswitch.conf"
	nscdSocket     = "/run/nscd/socket"
)

// files are the contents that the program shall see; an empty nsswitch means
// the machine's own.
type files struct {
	resolvConf, nsswitch string
}

// mount puts the files over the machine's, in the mount namespace of the
// calling thread. They live in memory and end with the namespace.
func (f files) mount() error {
	// Without this, systems where mounts are shared would see ours.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return &Error{Problem: "cannot keep mounts from the rest of the machine", Err: err, Hint: "where / is not a mount point, as in a chroot, run this outside of it"}
	}
	if err := cover(resolvConfPath, f.resolvConf); err != nil {
		return err
	}
	if f.nsswitch != "" {
		if err := cover(nsswitchPath, f.nsswitch); err != nil {
			return err
		}
	}
	// The name service cache daemon answers from the machine's names.
	if _, err := os.Stat(nscdSocket); err == nil {
		if err := unix.Mount(os.DevNull, nscdSocket, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("cannot hide the name service cache daemon, stop it (systemctl stop nscd): %w", err)
		}
	}
	return nil
}

// cover makes path read as content, whatever links lead to the file.
func cover(path, content string) error {
	target, err := resolveLinks(path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(target)
	// A folder below /run belongs to one daemon, which replaces the file when
	// the network changes; a mount on the file would go with it.
	if strings.HasPrefix(dir, "/run/") {
		if err := mountTmpfs(dir); err != nil {
			return err
		}
		return write(target, content)
	}
	if _, err := os.Stat(target); err != nil {
		return &Error{Problem: "there is no " + path + " to put a Pod's in place of", Err: err, Hint: "create an empty one: sudo touch " + target}
	}

	stage, err := stageFor(target)
	if err != nil {
		return err
	}
	if err := mountTmpfs(stage); err != nil {
		return err
	}
	// The mount on target keeps the file when its folder goes.
	source := filepath.Join(stage, filepath.Base(target))
	err = write(source, content)
	if err == nil {
		err = unix.Mount(source, target, "", unix.MS_BIND, "")
	}
	if err := errors.Join(err, unix.Unmount(stage, unix.MNT_DETACH)); err != nil {
		return fmt.Errorf("cannot put a Pod's file over %s: %w", target, err)
	}
	return nil
}

// resolveLinks follows the links at path. The file at the end need not exist,
// its folder must.
func resolveLinks(path string) (string, error) {
	for range 40 {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return "", &Error{
				Problem: fmt.Sprintf("%s does not lead to a file", resolvConfPath), Err: err,
				Hint: fmt.Sprintf("it is a link to a folder that is missing: sudo install -D -m 644 /dev/null %s", path),
			}
		}
		path = filepath.Join(dir, filepath.Base(path))
		next, err := os.Readlink(path)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, fs.ErrNotExist) {
			return path, nil // not a link
		}
		if err != nil {
			return "", fmt.Errorf("cannot follow the link %s, check it: %w", path, err)
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(dir, next)
		}
		path = next
	}
	return "", fmt.Errorf("cannot follow the link %s, it leads in a circle: remove it", path)
}

// stageFor is a folder to cover for a moment while target is mounted.
func stageFor(target string) (string, error) {
	for _, dir := range []string{"/tmp", "/var/tmp", "/mnt", "/run"} {
		fi, err := os.Stat(dir)
		if err == nil && fi.IsDir() && !strings.HasPrefix(target, dir+"/") {
			return dir, nil
		}
	}
	return "", &Error{Problem: "there is no folder to prepare files in", Hint: "create /tmp"}
}

func mountTmpfs(dir string) error {
	if err := unix.Mount("fairlead", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0755,size=1m"); err != nil {
		return fmt.Errorf("cannot mount a tmpfs over %s: %w", dir, err)
	}
	return nil
}

// write makes a file that everybody may read, whatever the umask.
func write(path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		return err
	}
	return os.Chmod(path, 0o644)
}
