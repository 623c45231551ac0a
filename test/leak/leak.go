// Package leak tells tests which goroutines they left behind. It asks the runtime
// for the stacks, waits a while for those that are about to end, and knows nothing
// of what they do.
package leak

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// patience is how long goroutines may take to end. Only a leak takes that long.
const patience = 5 * time.Second

// Run runs all tests of a package and returns what its TestMain exits with:
//
//	func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }
//
// Goroutines that are left after tests that passed are a failure, and are printed.
func Run(m interface{ Run() int }) int {
	if code := m.Run(); code != 0 {
		return code
	}
	left := remaining(nil)
	if left == "" {
		return 0
	}
	fmt.Fprintf(os.Stderr, "leak: when all tests had ended, these goroutines had not:\n\n%s\n", left)
	return 1
}

// Verify has a test fail if a goroutine that it started is left when all else of it
// has ended, its cleanups included. Tests that run beside it would be taken for its
// own: it is not for parallel ones.
func Verify(t interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
},
) {
	t.Helper()
	before := stacks()
	t.Cleanup(func() {
		t.Helper()
		if left := remaining(before); left != "" {
			t.Errorf("leak: these goroutines are left behind:\n\n%s", left)
		}
	})
}

// remaining waits for all goroutines but those in before to end, and returns the
// stacks of those that do not.
func remaining(before map[string]string) string {
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		left := stacks()
		maps.DeleteFunc(left, func(id, _ string) bool { _, ok := before[id]; return ok })
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(slices.Sorted(maps.Values(left)), "\n\n")
		}
	}
}

// stacks returns the stack of each goroutine by its number, without the caller's and
// without that which os/signal keeps for good once it was used.
func stacks() map[string]string {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	all := map[string]string{}
	for _, stack := range bytes.Split(buf[:n], []byte("\n\n"))[1:] { // the caller's comes first
		if id, _, ok := strings.Cut(string(stack), " ["); ok && !bytes.Contains(stack, []byte("\nos/signal.loop(")) {
			all[id] = string(stack)
		}
	}
	return all
}
