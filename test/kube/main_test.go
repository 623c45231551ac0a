//go:build linux

package kube

import (
	"net/netip"
	"os"
	"testing"

	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"fairlead.dev/test/cluster"
	"fairlead.dev/test/controller"
)

// shared is an API server with the two controllers that a Service without Pods
// meets: the one that deletes what has lost its owner, and the one that makes
// EndpointSlices of Endpoints. Its DNS is the outside one, too.
var shared = cluster.NewShared(cluster.Options{
	ServiceCIDR:  netip.MustParsePrefix("127.107.0.0/16"),
	ServiceCIDR6: netip.MustParsePrefix("fd00:10:96::/112"),
	Controllers:  []string{"garbage-collector-controller", "endpointslice-mirroring-controller"},
	DNS:          cluster.DNS{Corefile: corefile},
})

// corefile answers, beside the cluster's names, 10-0-1-25.example.com with
// 10.0.1.25 for a second, and so on for each address.
const corefile = `.:{$DNS_PORT} {
	bind {$DNS_IP}
	errors
	kubernetes {$DNS_ZONE} {
		kubeconfig {$KUBECONFIG}
	}
	template IN A example.com {
		match "^(?P<a>[0-9]+)-(?P<b>[0-9]+)-(?P<c>[0-9]+)-(?P<d>[0-9]+)[.]example[.]com[.]$"
		answer "{{ .Name }} 1 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
	}
	template IN AAAA example.com {
		rcode NOERROR
		authority "example.com. 1 IN SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 1"
	}
	template ANY ANY invalid {
		rcode NXDOMAIN
		authority "invalid. 1 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 1"
	}
}
`

var program = controller.NewProgram()

func TestMain(m *testing.M) {
	log.SetLogger(klog.Background()) // or the client complains that it has none
	os.Exit(program.Run(func() int { return shared.Run(m) }))
}
