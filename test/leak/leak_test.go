package leak_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlead.dev/test/leak"
)

// role says what this test binary does as a child of its own tests.
const role = "LEAK_TEST_ROLE"

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

// TestLeaks runs this package's TestRole in a process of its own, where a leak does
// no harm.
func TestLeaks(t *testing.T) {
	for name, want := range map[string]struct {
		code int
		says string
	}{
		"to the end":       {1, "when all tests had ended, these goroutines had not:"},
		"out of a test":    {1, "these goroutines are left behind:"},
		"stood before":     {0, ""},
		"ends a bit later": {0, ""},
		"signals":          {0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestRole$")
			cmd.Env = append(os.Environ(), role+"="+name)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != want.code || !strings.Contains(string(out), want.says) {
				t.Errorf("exit code %d, want %d, with the words %q:\n%s", code, want.code, want.says, out)
			}
			if got := strings.Contains(string(out), "leak_test.stay("); got != (want.code == 1) {
				t.Errorf("the stack of the one who stays is shown: %t\n%s", got, out)
			}
		})
	}
}

func TestRole(t *testing.T) {
	switch over := make(chan struct{}); os.Getenv(role) {
	case "to the end":
		go stay(nil)
	case "out of a test":
		t.Cleanup(func() { close(over) })
		t.Run("leaks", func(t *testing.T) {
			leak.Verify(t)
			go stay(over)
		})
	case "stood before":
		go stay(over)
		t.Cleanup(func() { close(over) })
		t.Run("does not leak", func(t *testing.T) {
			leak.Verify(t)
			own := make(chan struct{})
			go stay(own)
			t.Cleanup(func() { close(own) })
		})
	case "ends a bit later":
		time.AfterFunc(100*time.Millisecond, func() { close(over) })
		go stay(over)
	case "signals":
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGUSR1)
		signal.Stop(c)
	}
}

func stay(over <-chan struct{}) { <-over }
