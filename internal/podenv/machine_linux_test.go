package podenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// on returns a caller on a machine that differs by the script, which may write
// to /etc and /run: both are copies in a mount namespace of its own.
func (c caller) on(t *testing.T, script string) caller {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make another machine")
	}
	const copies = `set -e; mount -t tmpfs copies /mnt; cp -a /etc /mnt/etc; mount --bind /mnt/etc /etc; mount -t tmpfs run /run; `
	machine := []string{"unshare", "-m", "--propagation", "private", "sh", "-c", copies + script + `; exec "$@"`, "sh"}
	return caller{c.name, append(machine, c.prefix...)}
}

func TestResolvConfIsALink(t *testing.T) {
	const resolved = `mkdir -p /run/systemd/resolve; echo "search lab.example" >/run/systemd/resolve/stub-resolv.conf
touch /run/systemd/resolve/io.systemd.Resolve; ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf; chmod -R a+rwX /run/systemd`
	each(t, func(t *testing.T, c caller) {
		want := ResolvConf(helperSpec(), "search lab.example")
		c = c.on(t, resolved)
		if got, _ := output(t, c.pod(t, "cat", "/etc/resolv.conf"), 0); got != want {
			t.Errorf("inside:\n%s\nwant:\n%s", got, want)
		}
		// The daemon replaces its file whenever the network changes. The file
		// stays the Pod's, and the daemon's sockets stay out of sight.
		exe := binary(t)
		cmd := c.plain("sh", "-c", `"$@" & sleep 0.2; echo "nameserver 10.9.9.9" >/run/systemd/resolve/new
mv /run/systemd/resolve/new /run/systemd/resolve/stub-resolv.conf; cat /etc/resolv.conf; wait`, "sh",
			exe, "podenv-run", "sh", "-c", "sleep 0.5; cat /etc/resolv.conf; ls /run/systemd/resolve")
		got, _ := output(t, cmd, 0)
		if want := "nameserver 10.9.9.9\n" + want + "stub-resolv.conf\n"; got != want {
			t.Errorf("outside and inside:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestMissingResolvConf(t *testing.T) {
	tests := []struct {
		name, machine string
		code          int
		stderr        string
	}{
		{"its folder is there", "mkdir -p /run/resolvconf; ln -sf /run/resolvconf/resolv.conf /etc/resolv.conf", 0, ""},
		{"its folder is not", "ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf", 125, "install -D -m 644 /dev/null /run/systemd/resolve/stub-resolv.conf"},
		{"none at all", "rm /etc/resolv.conf", 125, "sudo touch /etc/resolv.conf"},
		{"a circle", "ln -sf resolv.conf /etc/resolv.conf", 125, "cannot read the machine's resolver configuration"},
	}
	each(t, func(t *testing.T, c caller) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				out, stderr := output(t, c.on(t, tt.machine).pod(t, "cat", "/etc/resolv.conf"), tt.code)
				if !strings.Contains(stderr, tt.stderr) {
					t.Errorf("stderr %q, want %q", stderr, tt.stderr)
				}
				if tt.code == 0 && out != ResolvConf(helperSpec(), "") {
					t.Errorf("inside:\n%s", out)
				}
			})
		}
	})
}

func TestNameServiceCacheIsHidden(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		c = c.on(t, binary(t)+" podenv-socket")
		if out, _ := output(t, c.plain("ls", "-F", nscdSocket), 0); out != nscdSocket+"=\n" {
			t.Fatalf("no socket outside: %s", out)
		}
		if out, _ := output(t, c.pod(t, "ls", "-F", nscdSocket), 0); out != nscdSocket+"\n" {
			t.Errorf("inside there is still %s", out)
		}
	})
}

// makeSocket leaves a socket where the name service cache daemon has its own.
func makeSocket() error {
	if err := os.MkdirAll(filepath.Dir(nscdSocket), 0o755); err != nil {
		return err
	}
	return unix.Mknod(nscdSocket, unix.S_IFSOCK|0o666, 0)
}

func TestSharedMountsDoNotChange(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		c = c.on(t, "mount --make-rshared /; cat /proc/self/mountinfo >/run/before")
		// The parent of the program stands outside: a shell, or fairlead itself.
		const script = `grep -c " - tmpfs fairlead " /proc/self/mountinfo; cmp /run/before /proc/$PPID/mountinfo`
		out, _ := output(t, c.plain("sh", "-c", `"$@"; exit $?`, "sh", binary(t), "podenv-run", "sh", "-c", script), 0)
		if strings.TrimSpace(out) == "0" {
			t.Errorf("the test shows nothing: %s", out)
		}
	})
}

func TestUserNamespacesForbidden(t *testing.T) {
	if out, err := exec.Command("unshare", "-Ur", "true").CombinedOutput(); err != nil {
		t.Skipf("needs a user namespace to forbid them in: %v: %s", err, out)
	}
	c := caller{"forbidden", []string{"unshare", "-Ur", "sh", "-c", `echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"`, "sh", "setpriv", "--bounding-set=-sys_admin"}}
	_, stderr := output(t, c.pod(t, "true"), 125)
	if !strings.Contains(stderr, "sudo sysctl -w user.max_user_namespaces=10000") {
		t.Errorf("stderr %q", stderr)
	}
}

func TestExecutableWithFileCapabilities(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		exe := binary(t)
		if out, err := exec.Command("setcap", "cap_net_bind_service=+ep", exe).CombinedOutput(); err != nil {
			t.Skipf("cannot give a file capabilities: %v: %s", err, out)
		}
		// The shell in between has no capabilities left, as a user's has none.
		got, _ := output(t, c.plain("sh", "-c", `exec "$@"`, "sh", exe, "podenv-run", "sh", "-c", "cat /etc/resolv.conf; id -u; grep Cap /proc/self/status"), 0)
		outside, _ := output(t, c.plain("sh", "-c", "id -u; grep Cap /proc/self/status"), 0)
		if want := ResolvConf(helperSpec(), read(t, resolvConfPath)) + outside; got != want {
			t.Errorf("inside:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestWhyNotPermitted(t *testing.T) {
	tests := []struct {
		name  string
		path  string
		value string
		err   error
		wants string
	}{
		{"none allowed", "/proc/sys/user/max_user_namespaces", "0", unix.ENOSPC, "user.max_user_namespaces=10000"},
		{"Debian's switch", "/proc/sys/kernel/unprivileged_userns_clone", "0", unix.EPERM, "kernel.unprivileged_userns_clone=1"},
		{"AppArmor", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", unix.EACCES, "kernel.apparmor_restrict_unprivileged_userns=0"},
		{"a sandbox", "", "", unix.EPERM, "--cap-add SYS_ADMIN"},
		{"a kernel without", "", "", unix.EINVAL, "run it as root"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read := func(path string) string {
				if path == tt.path {
					return tt.value
				}
				return ""
			}
			if err := whyNotPermitted(tt.err, 1000, read); !strings.Contains(err.Error(), tt.wants) {
				t.Errorf("got %v, want %q", err, tt.wants)
			}
		})
	}
}
