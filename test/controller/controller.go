//go:build linux

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlead.dev/test/cluster"
)

// limit ends a wait that will never end by itself. It is no promise.
const limit = time.Minute

// Controller is one running `fairlead controller`.
type Controller struct {
	t      testing.TB
	cmd    *exec.Cmd
	client *http.Client
	log    string        // the file that takes its output
	done   chan struct{} // closed when it has ended
	judged bool          // its end was looked at, or is the test's own doing
}

// Start starts `fairlead controller` and returns once /readyz is good. The CRD
// is installed first. Flags come after those that are always there, and so go
// before them: --kubeconfig, --leader-elect=false, --http-listen 127.0.0.1:0 and
// --log-format json. Say which DNS to ask with --upstream, or the machine's is.
//
// At the end of the test it is told to stop and must exit with 0; its log is
// shown if the test has failed.
func (p *Program) Start(t testing.TB, c *cluster.Cluster, flags ...string) *Controller {
	t.Helper()
	if err := p.Install(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	k := p.Launch(t, c, flags...)
	k.Eventually("the controller is ready", func(ctx context.Context) error {
		_, err := k.Get(ctx, "/readyz")
		return err
	})
	return k
}

// Launch is Start without the CRD and the wait, for a controller that cannot
// become ready: one without an API server, or one that is not the leader.
func (p *Program) Launch(t testing.TB, c *cluster.Cluster, flags ...string) *Controller {
	t.Helper()
	binary, err := p.build()
	if err != nil {
		t.Fatal(err)
	}
	k := &Controller{t: t, log: filepath.Join(t.TempDir(), "controller.log"), done: make(chan struct{})}
	k.client = &http.Client{Transport: &http.Transport{DialContext: c.Dial, DisableKeepAlives: true}}
	words := slices.Concat(c.Enter(), []string{
		binary, "controller", "--kubeconfig", c.PartsKubeconfig(),
		"--leader-elect=false", "--http-listen", "127.0.0.1:0", "--log-format", "json",
	}, flags)
	k.cmd = exec.Command(words[0], words[1:]...)
	if err := k.run(); err != nil {
		t.Fatalf("start %q: %v", words, err)
	}
	t.Cleanup(func() {
		k.Stop(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("--- fairlead controller (last lines of its log)\n%s", k.tail(40))
		}
	})
	return k
}

// run starts the process. The kernel ends it when the thread that started it
// dies, so one goroutine keeps its thread for it.
func (k *Controller) run() error {
	out, err := os.Create(k.log)
	if err != nil {
		return err
	}
	k.cmd.Stdout, k.cmd.Stderr = out, out
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer out.Close()
		defer close(k.done)
		err := k.cmd.Start()
		started <- err
		if err == nil {
			_ = k.cmd.Wait() // how it ended is in ProcessState
		}
	}()
	return <-started
}

// URL is the base of the status page. With a node it is on the node's loopback,
// which [Controller.Get] reaches.
func (k *Controller) URL() string {
	k.t.Helper()
	var url string
	k.Eventually("the controller says where its status page is", func(context.Context) (err error) {
		url, err = k.page()
		return err
	})
	return url
}

// page is URL without the wait. The address stands in the log, as its port is
// chosen by the kernel.
func (k *Controller) page() (string, error) {
	for line := range strings.Lines(k.Log()) {
		var entry struct{ HTTP string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.HTTP != "" {
			return "http://" + entry.HTTP, nil
		}
	}
	return "", errors.New("no line of its log says so")
}

// Get returns a page: /readyz, /metrics or another. An error holds what came
// instead.
func (k *Controller) Get(ctx context.Context, path string) (string, error) {
	base, err := k.page()
	if err != nil {
		return "", fmt.Errorf("where is the status page? %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, resp.Status, body)
	}
	return string(body), err
}

// Eventually polls until try succeeds; it fails the test if that takes a minute,
// or if the controller has ended.
func (k *Controller) Eventually(what string, try func(context.Context) error) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-k.done:
			k.t.Fatalf("%s: %v: fairlead controller has ended: %s", what, err, k.cmd.ProcessState)
		case <-ctx.Done():
			k.t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}

// Log is what the controller has printed so far.
func (k *Controller) Log() string {
	text, _ := os.ReadFile(k.log) // one that cannot be read is as good as empty
	return string(text)
}

func (k *Controller) tail(n int) string {
	lines := strings.Split(strings.TrimSpace(k.Log()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Done is closed when the controller has ended.
func (k *Controller) Done() <-chan struct{} { return k.done }

// Kill ends the controller as a crash would.
func (k *Controller) Kill() {
	k.judged = true
	_ = k.cmd.Process.Kill() // fails only when it has ended already
	<-k.done
}

// Stop sends a signal and waits for the end, which must be orderly: exit code 0,
// no data race. It does nothing once the controller was stopped or killed.
func (k *Controller) Stop(sig os.Signal) {
	k.t.Helper()
	if k.judged {
		return
	}
	k.judged = true
	select {
	case <-k.done:
		k.t.Errorf("fairlead controller ended by itself: %s", k.cmd.ProcessState)
		return
	default:
	}
	_ = k.cmd.Process.Signal(sig) // fails only when it ends just now, which is seen below
	select {
	case <-k.done:
	case <-time.After(limit):
		k.Kill()
		k.t.Errorf("fairlead controller did not end within %s of %s", limit, sig)
		return
	}
	if code := k.cmd.ProcessState.ExitCode(); code != 0 {
		k.t.Errorf("fairlead controller ended with %s, want exit code 0", k.cmd.ProcessState)
	}
	if strings.Contains(k.Log(), "DATA RACE") {
		k.t.Error("the race detector found a race in fairlead controller")
	}
}
