//go:build linux

package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const containerdConfig = `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "%[1]s"
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true # the machine may withhold CAP_SYS_RESOURCE
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["%[2]s"]
conf_dir = "%[3]s"
`

// cniConfig joins each Pod to the node by a link of its own. A bridge would
// let an answer from one Pod to another pass by the node's translation.
const cniConfig = `{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
  "type": "ptp", "ipMasq": false,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "%s"}]], "routes": [{"dst": "0.0.0.0/0"}]}
}]}
`

const cniPlugins = "/usr/lib/cni" // where Debian has them

// startContainerd starts the node's namespaces and containerd in them, and
// gives it the images that every node needs.
func (c *Cluster) startContainerd(ctx context.Context) error {
	if err := c.startInit(ctx); err != nil {
		return err
	}
	cni := c.work.path("cni")
	if err := os.Mkdir(cni, 0o755); err != nil {
		return err
	}
	if err := c.work.write(filepath.Join("cni", "10-pods.conflist"), fmt.Sprintf(cniConfig, podCIDR)); err != nil {
		return err
	}
	if err := c.work.write("containerd.toml", fmt.Sprintf(containerdConfig, pauseImage, cniPlugins, cni)); err != nil {
		return err
	}
	containerd, err := c.launch(spec{
		name: "containerd", enter: c.node.inside(), path: c.Bin("containerd"),
		args: []string{"--config=" + c.work.path("containerd.toml"), "--log-level=warn"},
	})
	if err != nil {
		return err
	}
	err = poll(ctx, 25*time.Millisecond, func(ctx context.Context) error {
		_, err := c.ctr(ctx, "version")
		return err
	}, containerd)
	if err != nil {
		return fmt.Errorf("wait for containerd: %w", err)
	}
	return c.importBase(ctx)
}

// ctr runs containerd's own client on the node.
func (c *Cluster) ctr(ctx context.Context, args ...string) (string, error) {
	return run(c.inNode(ctx, append([]string{c.Bin("ctr"), "--namespace=k8s.io"}, args...)...))
}
