//go:build linux

package differential

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator writes manifests at random, the same ones for the same seed.
type generator struct {
	*rand.Rand
	out       strings.Builder
	addresses int      // of endpoints, so far
	used      []int    // addresses of the current service
	virtual   int      // ClusterIPs, so far
	services  []string // full names, for ExternalNames to point to
}

const (
	generatedNamespaces = 5
	generatedServices   = 80
)

// generate returns many services of all types in several namespaces.
func generate(seed uint64) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	for n := range generatedNamespaces {
		g.document("Namespace", "v1", "{name: %s}", namespaceName(n))
	}
	for i := range generatedServices {
		g.service(i)
	}
	return g.out.String()
}

func namespaceName(n int) string { return fmt.Sprintf("generated-%d", n) }

func (g *generator) document(kind, version, metadata string, args ...any) {
	if g.out.Len() > 0 {
		g.out.WriteString("---\n")
	}
	fmt.Fprintf(&g.out, "apiVersion: %s\nkind: %s\nmetadata: %s\n", version, kind, fmt.Sprintf(metadata, args...))
}

func (g *generator) printf(format string, args ...any) { fmt.Fprintf(&g.out, format, args...) }

func (g *generator) service(i int) {
	// A name may stand in several namespaces.
	name, namespace := fmt.Sprintf("s%d", i/2), namespaceName(i%generatedNamespaces)
	g.used = nil
	g.document("Service", "v1", "{name: %s, namespace: %s}", name, namespace)
	defer func() { g.services = append(g.services, name+"."+namespace+".svc.cluster.local") }()
	if g.IntN(4) == 0 {
		g.printf("spec: {type: ExternalName, externalName: %s}\n", g.target())
		return
	}
	ports := g.ports()
	g.printf("spec:\n  clusterIP: %s\n  publishNotReadyAddresses: false\n", g.clusterIP())
	g.writePorts("  ", ports, 0)
	for slice := range g.IntN(3) {
		if g.IntN(4) == 0 {
			g.endpoints(name, namespace, ports)
			return
		}
		g.slice(name, namespace, slice, ports)
	}
}

// target is where an ExternalName leads: outside, or to a service before it.
func (g *generator) target() string {
	outside := []string{
		"db.example.com", "www.example.com", "alias.example.com", "chain-1.example.com", "six.example.com",
		"nobody.example.com", "mail.example.com", "httpbin.org", "analytics-db.databases.company.com", "no.such.domain.test",
	}
	if len(g.services) > 0 && g.IntN(3) == 0 {
		return g.services[g.IntN(len(g.services))]
	}
	return outside[g.IntN(len(outside))]
}

// clusterIP is None, or one that nobody has.
func (g *generator) clusterIP() string {
	if g.IntN(2) == 0 {
		return "None"
	}
	g.virtual++
	return fmt.Sprintf("127.101.%d.%d", 100+g.virtual/250, 1+g.virtual%250)
}

// ports has either one port without a name or several with names.
func (g *generator) ports() []port {
	protocols := []string{"TCP", "UDP"}
	if g.IntN(3) == 0 {
		return []port{{Port: 1 + g.IntN(65535), Protocol: protocols[g.IntN(2)]}}
	}
	var ports []port
	for i := range 1 + g.IntN(4) {
		ports = append(ports, port{Name: fmt.Sprintf("p%d", i), Port: 1 + g.IntN(65535), Protocol: protocols[g.IntN(2)]})
	}
	return ports
}

func (g *generator) writePorts(indent string, ports []port, shift int) {
	g.printf("%sports:\n", indent)
	for _, p := range ports {
		name := ""
		if p.Name != "" {
			name = "name: " + p.Name + ", "
		}
		g.printf("%s- {%sport: %d, protocol: %s}\n", indent, name, 1+(p.Port+shift)%65535, p.Protocol)
	}
}

func (g *generator) slice(name, namespace string, n int, ports []port) {
	family := []string{"IPv4", "IPv4", "IPv6"}[g.IntN(3)]
	g.document("EndpointSlice", "discovery.k8s.io/v1", "{name: %s-%d, namespace: %s, labels: {kubernetes.io/service-name: %s}}", name, n, namespace, name)
	g.printf("addressType: %s\n", family)
	g.writePorts("", ports, g.IntN(2))
	g.printf("endpoints:\n")
	for range 1 + g.IntN(5) {
		g.printf("- {addresses: [%q]%s%s}\n", g.address(family), g.hostname(), []string{"", "", ", conditions: {ready: false}"}[g.IntN(3)])
	}
}

// endpoints writes the old form, which has the name of its Service.
func (g *generator) endpoints(name, namespace string, ports []port) {
	g.document("Endpoints", "v1", "{name: %s, namespace: %s}", name, namespace)
	g.printf("subsets:\n- addresses:\n")
	for range 1 + g.IntN(3) {
		g.printf("  - {ip: %q%s}\n", g.address("IPv4"), g.hostname())
	}
	if g.IntN(2) == 0 {
		g.printf("  notReadyAddresses: [{ip: %s}]\n", g.address("IPv4"))
	}
	g.writePorts("  ", ports, g.IntN(2))
}

// address is a new one, or at times one that another service has. Within one
// service it stands once: checked-in manifests have the cases where it does not.
func (g *generator) address(family string) string {
	n := g.addresses
	if n > 0 && g.IntN(10) == 0 {
		n = g.IntN(n)
	}
	if slices.Contains(g.used, n) {
		n = g.addresses
	}
	g.used = append(g.used, n)
	g.addresses = max(g.addresses, n+1)
	if family == "IPv6" {
		return fmt.Sprintf("fd00:100::%x", n+1)
	}
	return fmt.Sprintf("10.100.%d.%d", n/250, 1+n%250)
}

func (g *generator) hostname() string {
	if g.IntN(2) == 0 {
		return ""
	}
	return fmt.Sprintf(", hostname: h%d", g.IntN(6))
}

// crowd returns a headless service with n endpoints, for answers that are too
// long, and a chain of n aliases inside the cluster, too long to follow.
func crowd(endpoints, aliases int) string {
	g := &generator{}
	g.document("Namespace", "v1", "{name: crowd}")
	g.document("Service", "v1", "{name: crowd, namespace: crowd}")
	g.printf("spec: {clusterIP: None, ports: [{name: db, port: 5432}]}\n")
	g.document("EndpointSlice", "discovery.k8s.io/v1", "{name: crowd-1, namespace: crowd, labels: {kubernetes.io/service-name: crowd}}")
	g.printf("addressType: IPv4\nports: [{name: db, port: 5432}]\nendpoints:\n")
	for i := range endpoints {
		g.printf("- {addresses: [10.30.0.%d]}\n", i+1)
	}
	for i := range aliases {
		g.document("Service", "v1", "{name: alias-%d, namespace: crowd}", i)
		g.printf("spec: {type: ExternalName, externalName: alias-%d.crowd.svc.cluster.local}\n", i+1)
	}
	g.document("Service", "v1", "{name: alias-%d, namespace: crowd}", aliases)
	g.printf("spec: {type: ExternalName, externalName: crowd.crowd.svc.cluster.local}\n")
	return g.out.String()
}
