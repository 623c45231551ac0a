//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// remains is what a node tier could leave on the machine.
type remains struct {
	dir, pidNamespace string
}

// remainsOf runs a Pod, so that there is much to leave behind.
func remainsOf(ctx context.Context, c *Cluster) (remains, error) {
	r := remains{dir: c.work.dir}
	const pod = `
apiVersion: v1
kind: Pod
metadata: {name: last, namespace: default}
spec: {containers: [{name: main, image: fairlead.test/busybox:1, imagePullPolicy: Never}]}
`
	if err := c.Apply(ctx, []byte(pod)); err != nil {
		return r, err
	}
	if _, err := c.Kubectl(ctx, "wait", "--for=condition=Ready", "pod/last", "--timeout=60s"); err != nil {
		return r, err
	}
	var err error
	r.pidNamespace, err = os.Readlink("/proc/" + strconv.Itoa(c.node.init.pid) + "/ns/pid")
	return r, err
}

// gone says what is still there. Zombies and other users' processes have no
// namespace that we may read.
func (r remains) gone() error {
	var errs []error
	links, err := filepath.Glob("/proc/[0-9]*/ns/pid")
	if err != nil {
		return err
	}
	for _, link := range links {
		if ns, err := os.Readlink(link); err == nil && ns == r.pidNamespace {
			errs = append(errs, fmt.Errorf("%s is one of ours", link))
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	if strings.Contains(string(mounts), r.dir) {
		errs = append(errs, fmt.Errorf("the machine has mounts of %s", r.dir))
	}
	groups, err := cgroupMounts()
	if err != nil {
		return err
	}
	for _, m := range groups {
		group := filepath.Join(m, filepath.Base(r.dir))
		if _, err := os.Stat(group); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s is still there: %w", group, err))
		}
	}
	if _, err := os.Stat(r.dir); !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, fmt.Errorf("%s is still there: %w", r.dir, err))
	}
	return errors.Join(errs...)
}

// machine is the state of the machine that a node tier might touch.
func machine(t *testing.T) string {
	t.Helper()
	state := new(strings.Builder)
	for _, args := range [][]string{{"ip", "-o", "link"}, {"ip", "route"}, {"ip", "rule"}, {"nft", "list", "ruleset"}} {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		fmt.Fprintf(state, "%q: %s %v\n", args, out, err)
	}
	for _, name := range []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward"} {
		value, err := os.ReadFile("/proc/sys/" + name)
		fmt.Fprintf(state, "%s: %s %v\n", name, value, err)
	}
	return state.String()
}

func TestANodeThatStopsLeavesNothing(t *testing.T) {
	opts := Options{Node: true}
	skip(t, opts)
	before := machine(t)
	c, err := Up(t.Context(), opts, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	r, err := remainsOf(t.Context(), c)
	if err := errors.Join(err, c.Stop(), r.gone()); err != nil {
		t.Error(err)
	}
	if after := machine(t); after != before {
		t.Errorf("the machine was\n%s\nand is now\n%s", before, after)
	}
}

func TestANodeThatCrashesLeavesNothing(t *testing.T) {
	skip(t, Options{Node: true})
	before := machine(t)
	words := crash(t, "node")
	r := remains{dir: words[0], pidNamespace: words[1]}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := poll(ctx, 20*time.Millisecond, func(context.Context) error {
		sweep() // as the next start does
		return r.gone()
	})
	if err != nil {
		t.Error(err)
	}
	if after := machine(t); after != before {
		t.Errorf("the machine was\n%s\nand is now\n%s", before, after)
	}
}
