//go:build linux

package expectations

import (
	"os"
	"sync"
	"testing"

	"fairlead.dev/test/cluster"
	"fairlead.dev/test/controller"
)

// shared is a cluster in which nobody but Fairlead writes EndpointSlices.
var shared = cluster.NewShared(cluster.Options{
	Node:        true,
	Controllers: cluster.NodeControllers("endpoints-controller", "endpointslice-controller", "endpointslice-mirroring-controller"),
})

var program = controller.NewProgram()

// imported is done once the shared cluster has the clients' image.
var imported sync.Once

func TestMain(m *testing.M) {
	os.Exit(program.Run(func() int { return shared.Run(m) }))
}
