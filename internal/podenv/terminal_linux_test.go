package podenv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A screen is a terminal as a person sees it: what is typed, and what is on the screen.
type screen struct {
	t    *testing.T
	tty  *os.File
	text bytes.Buffer
}

// atTerminal starts the command as the session of a new terminal.
func atTerminal(t *testing.T, cmd *exec.Cmd) *screen {
	t.Helper()
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { tty.Close() })
	n, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(tty.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer other.Close()
	if err := other.Chmod(0o666); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = other, other, other
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &screen{t: t, tty: tty}
}

func (v *screen) types(keys string) {
	v.t.Helper()
	if _, err := v.tty.WriteString(keys); err != nil {
		v.t.Fatal(err)
	}
}

// shows waits until the screen holds the text, and clears it.
func (v *screen) shows(text string) {
	v.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !strings.Contains(v.text.String(), text) {
		poll := []unix.PollFd{{Fd: int32(v.tty.Fd()), Events: unix.POLLIN}}
		if n, err := unix.Poll(poll, 200); err != nil && !errors.Is(err, unix.EINTR) {
			v.t.Fatal(err)
		} else if n > 0 {
			b := make([]byte, 4096)
			n, err := v.tty.Read(b)
			v.text.Write(b[:n])
			if err != nil {
				v.t.Fatalf("the terminal ended before %q; it shows:\n%s", text, &v.text)
			}
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("no %q on the terminal; it shows:\n%s", text, &v.text)
		}
	}
	v.text.Reset()
}

func TestCtrlCArrivesOnce(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		term := atTerminal(t, c.pod(t, "bash", "-c",
			`n=0; trap 'n=$((n+1))' INT; echo ready; for i in {1..20}; do sleep 0.05; done; echo "interrupted $n times"`))
		term.shows("ready")
		term.types("\x03")
		term.shows("interrupted 1 times")
	})
}

func TestCtrlZAndForeground(t *testing.T) {
	each(t, func(t *testing.T, c caller) {
		exe := binary(t)
		term := atTerminal(t, c.plain("bash", "--norc", "-i"))
		term.types("PS1='pro''mpt> '; " + exe + " podenv-run bash -c 'while sleep 0.05; do echo \"still he\"re; done'\n")
		term.shows("still here")
		term.types("\x1a")
		term.shows("prompt> ")
		term.types("jobs -s\n")
		term.shows("Stopped")
		term.types("fg\n")
		term.shows("still here")
		term.types("\x03")
		term.shows("prompt> ")
		term.types("echo $?-is-the-code\n")
		term.shows("130-is-the-code")
		// An interactive program takes the terminal for itself and gives it back.
		term.types(exe + " podenv-run bash --norc -i\n")
		term.types("PS1='in''side> '\n")
		term.shows("inside> ")
		term.types("sleep 30\n")
		term.shows("sleep 30")
		time.Sleep(200 * time.Millisecond)
		term.types("\x03")
		term.shows("inside> ")
		term.types("exit 5\n")
		term.shows("prompt> ")
		term.types("echo $?-is-the-code\n")
		term.shows("5-is-the-code")
	})
}
