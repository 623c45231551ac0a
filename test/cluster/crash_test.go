//go:build linux

package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// crashEnv makes the test binary a victim: it starts the tier of that name,
// says so, and waits for its death.
const crashEnv = "FAIRLEAD_TEST_CLUSTER_VICTIM"

func TestMain(m *testing.M) {
	if tier := os.Getenv(crashEnv); tier != "" {
		os.Exit(victim(Options{Node: tier == "node"}))
	}
	os.Exit(shared.Run(m))
}

func victim(opts Options) int {
	c, err := Up(context.Background(), opts, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	words := []string{c.work.dir}
	if opts.Node {
		r, err := remainsOf(context.Background(), c)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		words = append(words, r.pidNamespace)
	}
	for _, p := range c.parts {
		words = append(words, strconv.Itoa(p.pid))
	}
	fmt.Println(strings.Join(words, " "))
	select {}
}

// crash starts a victim, kills it once it has started, and returns its words.
func crash(t *testing.T, tier string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+tier)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the victim did not start: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	return strings.Fields(line)
}

func TestACrashLeavesNothing(t *testing.T) {
	t.Parallel()
	words := crash(t, "control")
	dir, pids := words[0], words[1:]
	if len(pids) != 3 {
		t.Fatalf("the victim started %d parts, want 3", len(pids))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := poll(ctx, 10*time.Millisecond, func(context.Context) error {
		for _, pid := range pids {
			if alive(pid) {
				return fmt.Errorf("process %s is alive", pid)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}

	sweep()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the next start did not sweep %s: %v", dir, err)
	}
}

// alive says whether a process runs; one that only waits to be reaped, by
// whoever inherited it, does not.
func alive(pid string) bool {
	number, err := strconv.Atoi(pid)
	if err != nil || syscall.Kill(number, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
