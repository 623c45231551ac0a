//go:build linux

package cluster

import (
	"net/netip"
	"strings"
	"testing"
)

const dualStack = `
apiVersion: v1
kind: Service
metadata: {name: both, namespace: default}
spec: {ipFamilyPolicy: RequireDualStack, ports: [{port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: both-6, namespace: default, labels: {kubernetes.io/service-name: both}}
addressType: IPv6
ports: [{port: 5432}]
endpoints: [{addresses: ["fd00:10:1::25"]}]
`

func TestServicesOfBothFamilies(t *testing.T) {
	t.Parallel()
	c := Start(t, Options{ServiceCIDR6: netip.MustParsePrefix("fd00:10:96::/112")})
	if err := c.Apply(t.Context(), []byte(dualStack)); err != nil {
		t.Fatal(err)
	}
	out, err := c.Kubectl(t.Context(), "get", "service", "both", "-o=jsonpath={.spec.clusterIPs}")
	if err != nil || !strings.Contains(out, `"127.96.`) || !strings.Contains(out, `"fd00:10:96::`) {
		t.Errorf("the Service's addresses are %s, %v; want one of each range", out, err)
	}
}

func TestAnIPv4RangeIsNotAnIPv6Range(t *testing.T) {
	t.Parallel()
	_, err := Up(t.Context(), Options{ServiceCIDR6: netip.MustParsePrefix("10.97.0.0/16")}, t.Output())
	if err == nil || !strings.Contains(err.Error(), "use fd00:") {
		t.Errorf("got %v, want what to use instead", err)
	}
}
