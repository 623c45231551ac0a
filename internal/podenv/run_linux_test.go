package podenv

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFilesInsideAndOutside(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		outside := read(t, resolvConfPath)
		mounts := read(t, "/proc/self/mountinfo")
		temp, err := filepath.Glob("/tmp/*")
		if err != nil {
			t.Fatal(err)
		}

		cmd := c.pod(t, "sh", "-c", "cat /etc/resolv.conf; echo ready; read line; grep '^hosts' /etc/nsswitch.conf; ls /tmp")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var inside strings.Builder
		lines := bufio.NewScanner(out)
		for lines.Scan() && lines.Text() != "ready" {
			inside.WriteString(lines.Text() + "\n")
		}
		if want := ResolvConf(helperSpec(), outside); inside.String() != want {
			t.Errorf("inside:\n%s\nwant:\n%s", inside.String(), want)
		}
		// Meanwhile nothing has changed outside.
		if got := read(t, resolvConfPath); got != outside {
			t.Errorf("outside it now says:\n%s", got)
		}
		if got := read(t, "/proc/self/mountinfo"); got != mounts {
			t.Errorf("mounts outside are now:\n%s\nbefore:\n%s", got, mounts)
		}
		in.Close()
		lines.Scan()
		if hosts := strings.Fields(lines.Text()); strings.Join(hosts, " ") != "hosts: files dns" {
			t.Errorf("names come from %q", hosts)
		}
		var tmp []string
		for lines.Scan() {
			tmp = append(tmp, "/tmp/"+lines.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		for _, f := range tmp {
			if name := filepath.Base(f); (name == "resolv.conf" || name == "nsswitch.conf") && !slices.Contains(temp, f) {
				t.Errorf("%s was left behind", f)
			}
		}
		if !slices.ContainsFunc(tmp, func(f string) bool { return strings.HasPrefix(f, "/tmp/podenv-test-") }) {
			t.Errorf("/tmp is not the machine's: %q", tmp)
		}
	})
}

func TestProgramIsTheCallers(t *testing.T) {
	// Everything by which a program could notice, the mounts apart.
	const script = `id -u; id -g; pwd; umask; ulimit -n; grep -E '^(Cap|NoNewPrivs|Sig(Blk|Ign)|Threads)' /proc/self/status
echo "$MARK"; for a in "$@"; do echo "[$a]"; done; ls /proc/self/fd; cat`
	args := []string{"sh", "-c", script, "sh", "two words", "", "-n", "--", "*", "a\nb", "\xff\xfe"}
	each(t, func(t *testing.T, c caller) {
		plain, pod := c.plain(args...), c.pod(t, args...)
		plain.Env = append(os.Environ(), "MARK=kept as it is")
		pod.Env = plain.Env
		plain.Dir, pod.Dir = "/usr/bin", "/usr/bin"
		plain.Stdin, pod.Stdin = strings.NewReader("piped"), strings.NewReader("piped")
		want, _ := output(t, plain, 0)
		got, stderr := output(t, pod, 0)
		if got != want || stderr != "" {
			t.Errorf("inside:\n%s\noutside:\n%s\nstderr: %s", got, want, stderr)
		}
		if !strings.HasSuffix(want, "piped") || !strings.Contains(want, "kept as it is") {
			t.Errorf("the test shows nothing: %s", want)
		}
	})
}

func TestInheritedFile(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cmd := c.pod(t, "sh", "-c", "echo through >&3")
		cmd.ExtraFiles = []*os.File{w}
		output(t, cmd, 0)
		w.Close()
		b := make([]byte, 64)
		n, _ := r.Read(b)
		if string(b[:n]) != "through\n" {
			t.Errorf("got %q", b[:n])
		}
	})
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "orphan"), []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bare"), []byte("exit 9\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for d := dir; d != "/tmp" && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"success", []string{"true"}, 0, `^$`},
		{"its own", []string{"sh", "-c", "exit 42"}, 42, `^$`},
		{"not found", []string{"no-such-program"}, 127, `command not found: no-such-program`},
		{"no such path", []string{"/no/such/program"}, 127, `command not found: /no/such/program`},
		{"not executable", []string{filepath.Join(dir, "data")}, 126, `cannot start .*permission denied`},
		{"a folder", []string{dir}, 126, `cannot start .*directory`},
		{"no interpreter", []string{filepath.Join(dir, "orphan")}, 127, `interpreter or loader is missing`},
		{"a script without interpreter", []string{filepath.Join(dir, "bare")}, 9, `^$`},
	}
	each(t, func(t *testing.T, c caller) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, stderr := output(t, c.pod(t, tt.args...), tt.code)
				if !regexp.MustCompile(tt.stderr).MatchString(stderr) {
					t.Errorf("stderr %q", stderr)
				}
			})
		}
	})
}

func TestNested(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		exe := binary(t)
		got, _ := output(t, c.plain(exe, "podenv-run", exe, "podenv-run", "cat", "/etc/resolv.conf"), 0)
		if want := ResolvConf(helperSpec(), read(t, resolvConfPath)); got != want {
			t.Errorf("inside:\n%s\nwant:\n%s", got, want)
		}
	})
}
