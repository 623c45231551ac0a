//go:build linux

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Command is kubectl with this cluster's kubeconfig, not started yet; a test
// that wants its own stdin or stderr sets them.
func (c *Cluster) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Bin("kubectl"), args...)
	cmd.Env = append(os.Environ(),
		"KUBECONFIG="+c.Kubeconfig(),
		"KUBECACHEDIR="+c.work.path("kubectl-cache"),
		"KUBERC=off",
	)
	return cmd
}

// Kubectl runs kubectl and returns its standard output. The error holds what
// it said on standard error.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return run(c.Command(ctx, args...))
}

// Apply creates or changes every object in manifests, YAML documents or JSON,
// by server-side apply and in the order given.
func (c *Cluster) Apply(ctx context.Context, manifests []byte) error {
	cmd := c.Command(ctx, "apply", "--server-side", "--force-conflicts", "--field-manager=test", "-f", "-")
	cmd.Stdin = bytes.NewReader(manifests)
	_, err := run(cmd)
	return err
}

func run(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(cmd.Args[0]), strings.Join(cmd.Args[1:], " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
