//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Kill ends a part at once, as a crash would: "kube-apiserver", "kube-proxy",
// "coredns" or another that runs. Restart brings it back.
func (c *Cluster) Kill(ctx context.Context, name string) error {
	p, err := c.part(name)
	if err != nil {
		return err
	}
	inner := children(p.pid)
	p.kill()
	// Where the part is a child of the one that entered the node for it, it
	// ends a moment later.
	err = poll(ctx, 5*time.Millisecond, func(context.Context) error {
		for _, pid := range inner {
			if _, err := os.Stat("/proc/" + pid); err == nil {
				return fmt.Errorf("process %s is alive", pid)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cluster: kill %s: %w", name, err)
	}
	return nil
}

// Restart kills a part if it runs and starts it as it was started before. It
// returns once the API server is ready, if it is that, and CoreDNS and others
// when they have started.
func (c *Cluster) Restart(ctx context.Context, name string) error {
	if err := c.Kill(ctx, name); err != nil {
		return err
	}
	old, err := c.part(name)
	if err != nil {
		return err
	}
	p, err := startProcess(old.spec)
	if err != nil {
		return fmt.Errorf("cluster: restart %s: %w", name, err)
	}
	c.mu.Lock()
	c.parts[slices.Index(c.parts, old)] = p
	c.mu.Unlock()
	if name != "kube-apiserver" {
		return nil
	}
	err = poll(ctx, 25*time.Millisecond, func(ctx context.Context) error {
		return c.api.do(ctx, "GET", "/readyz", nil)
	}, p)
	if err != nil {
		return fmt.Errorf("cluster: restart %s: %w", name, err)
	}
	return nil
}

func (c *Cluster) part(name string) (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.parts {
		if p.name == name && p != c.initProcess() {
			return p, nil
		}
	}
	return nil, errors.New("cluster: no part is called " + name)
}

// initProcess is not a part that can be restarted: all containers end with it.
func (c *Cluster) initProcess() *process {
	if c.node == nil {
		return nil
	}
	return c.node.init
}

// children are the processes that a process has started, as the kernel lists
// them; none if it has ended.
func children(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data))
}
