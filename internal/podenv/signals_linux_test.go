package podenv

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// begin starts the command and returns the program's process number, which it
// prints first, and the rest of its output.
func begin(t *testing.T, cmd *exec.Cmd) (pid int, rest *bufio.Reader) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A program that waits for a signal in vain ends the test, and not the day.
	late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() { late.Stop(); _ = cmd.Process.Kill() })
	rest = bufio.NewReader(out)
	line, err := rest.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err = strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid, rest
}

func TestSignalIsPassedOn(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGQUIT, syscall.SIGTSTP, 40} {
		t.Run(sig.String(), func(t *testing.T) {
			// A signal that is ignored here, as SIGHUP under nohup, would be in every
			// child; one that is heard is not.
			heard := make(chan os.Signal, 1)
			signal.Notify(heard, sig)
			defer signal.Stop(heard)
			each(t, func(t *testing.T, c caller) {
				script := `trap 'echo caught; exit 7' ` + strconv.Itoa(int(sig)) + `; echo $$; while :; do sleep 0.02; done`
				cmd := c.pod(t, "bash", "-c", script)
				// Without a terminal, as in CI and under service managers.
				cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
				_, rest := begin(t, cmd)
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				b, _ := io.ReadAll(rest)
				if string(b) != "caught\n" {
					t.Errorf("the program said %q", b)
				}
				_ = cmd.Wait()
				if got := cmd.ProcessState.ExitCode(); got != 7 {
					t.Errorf("ended with %v", cmd.ProcessState)
				}
			})
		})
	}
}

func TestDeathBySignalIsTheSame(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL, syscall.SIGQUIT, syscall.SIGSEGV, syscall.SIGPIPE, 50} {
		t.Run(sig.String(), func(t *testing.T) {
			each(t, func(t *testing.T, c caller) {
				cmd := c.pod(t, "sh", "-c", "ulimit -c 0; kill -"+strconv.Itoa(int(sig))+" $$; sleep 5")
				_ = cmd.Run()
				ws := cmd.ProcessState.Sys().(syscall.WaitStatus)
				if !ws.Signaled() || ws.Signal() != sig {
					t.Errorf("ended with %v, want signal %d", cmd.ProcessState, sig)
				}
			})
		})
	}
}

func TestIgnoredSignalStaysIgnored(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		cmd := c.plain("sh", "-c", `trap "" HUP INT; exec "$@"`, "sh", binary(t), "podenv-run",
			"sh", "-c", "kill -HUP $$; kill -INT $$; echo alive")
		if out, _ := output(t, cmd, 0); out != "alive\n" {
			t.Errorf("the program said %q", out)
		}
	})
}

func TestProgramDiesWithItsParent(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		cmd := c.pod(t, "sh", "-c", "echo $$; exec sleep infinity")
		pid, rest := begin(t, cmd)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		// Its end closes the pipe.
		if _, err := io.ReadAll(rest); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		for range 100 {
			if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) || zombie(pid) {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("process %d is still there", pid)
	})
}

// zombie reports whether the process has ended and only waits to be counted.
func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(b), ") Z ")
}
