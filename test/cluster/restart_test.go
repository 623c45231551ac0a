//go:build linux

package cluster

import (
	"context"
	"testing"
	"time"
)

// TestTheControlTierRestarts: what was written is there again, on the same
// address.
func TestTheControlTierRestarts(t *testing.T) {
	t.Parallel()
	c := Start(t, Options{})
	if err := c.Apply(t.Context(), []byte(outside)); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(t.Context(), "kube-apiserver"); err != nil {
		t.Fatal(err)
	}
	if out, err := c.Kubectl(t.Context(), "get", "--raw=/readyz"); err == nil {
		t.Errorf("a dead API server says %q", out)
	}
	for _, name := range []string{"etcd", "kube-apiserver", "coredns"} {
		if err := c.Restart(t.Context(), name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if _, err := c.Kubectl(t.Context(), "--namespace=reporting", "get", "service", "analytics-db"); err != nil {
		t.Error(err)
	}
	if err := c.WaitDNS(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPodsOutliveWhatRunsThem: a Pod goes on while kubelet, containerd,
// kube-proxy and the API server are restarted, and can be reached afterwards.
func TestPodsOutliveWhatRunsThem(t *testing.T) {
	w := newWorld(t, "outlives", BusyboxImage)
	w.prints("", "touch", "/tmp/mark")
	for _, name := range []string{"kube-apiserver", "containerd", "kubelet", "kube-proxy"} {
		if err := w.Restart(t.Context(), name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := poll(ctx, 100*time.Millisecond, w.nodeReady); err != nil {
		t.Fatal(err)
	}
	w.prints("/tmp/mark", "ls", "/tmp/mark")
	if restarts := w.kubectl("get", "pod", "client", "-o=jsonpath={.status.containerStatuses[0].restartCount}"); restarts != "0" {
		t.Errorf("the Pod was restarted %s times", restarts)
	}
}
