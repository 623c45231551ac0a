package podenv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fairlead.dev/test/leak"
)

// TestMain lets this test binary stand in for fairlead: `podenv-run CMD...` is
// `fairlead exec -n reporting -- CMD...`, `podenv-enter` the hidden second half.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "podenv-run":
			s := helperSpec()
			s.Args, s.Reexec = os.Args[2:], []string{"podenv-enter"}
			os.Exit(end(Run(s)))
		case "podenv-enter":
			os.Exit(end(Enter(os.Args[2:])))
		case "podenv-socket":
			os.Exit(end(Status{}, makeSocket()))
		}
	}
	if os.Geteuid() == 0 && os.Getenv("PODENV_CAGE") == "" {
		fmt.Fprintln(os.Stderr, "cannot cage the tests:", cage())
		os.Exit(1)
	}
	os.Exit(leak.Run(m))
}

// cage starts this process again in a mount namespace, so that a mistake in what
// is tested changes the tests' mounts and not the machine's.
func cage() error {
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := append([]string{"unshare", "--mount", "--propagation", "private", self}, os.Args[1:]...)
	return unix.Exec(unshare, args, append(os.Environ(), "PODENV_CAGE=1"))
}

// helperDNS is where the helper says that an instance serves DNS.
const helperDNS = "127.99.0.10:53"

func helperSpec() Spec {
	s := spec()
	s.DNS = netip.MustParseAddrPort(helperDNS)
	return s
}

// end is what cmd/fairlead does with a status.
func end(s Status, err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "fairlead:", err)
	}
	s.Die()
	return s.Code
}

// A caller is a way to start a program with some privileges.
type caller struct {
	name   string
	prefix []string
}

// callers are root, an ordinary user, and root as containers have it.
func callers(t *testing.T) []caller {
	t.Helper()
	if os.Geteuid() != 0 {
		return []caller{{"user", nil}}
	}
	return []caller{
		{"root", nil},
		{"user", []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}},
		{"root without CAP_SYS_ADMIN", []string{"setpriv", "--bounding-set=-sys_admin"}},
	}
}

// each runs the test once as every caller.
func each(t *testing.T, test func(t *testing.T, c caller)) {
	for _, c := range callers(t) {
		t.Run(c.name, func(t *testing.T) { test(t, c) })
	}
}

// binary is this test binary where any user may execute it.
func binary(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "podenv-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	in, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	path := filepath.Join(dir, "fairlead")
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close(), os.Chmod(dir, 0o755), os.Chmod(path, 0o755)); err != nil {
		t.Fatal(err)
	}
	return path
}

// plain is the command as the caller, pod the same in a Pod's environment.
func (c caller) plain(args ...string) *exec.Cmd {
	args = append(append([]string{}, c.prefix...), args...)
	return exec.Command(args[0], args[1:]...)
}

func (c caller) pod(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return c.plain(append([]string{binary(t), "podenv-run"}, args...)...)
}

// output runs the command, which must exit with code.
func output(t *testing.T, cmd *exec.Cmd, code int) (stdout, stderr string) {
	t.Helper()
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Start()
	if err == nil {
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		err = cmd.Wait()
		late.Stop()
	}
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%s\nexit code %d (%v), want %d; stderr: %s", strings.Join(cmd.Args, " "), got, cmd.ProcessState, code, &e)
	}
	return o.String(), e.String()
}
