//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
)

const (
	// domain is that of every cluster here.
	domain = "cluster.local"
	// serviceCIDR is not the default of fairlead, so that an instance that
	// already runs on this machine is not in the way.
	serviceCIDR = "127.112.0.0/16"
	// firstIP and firstOfMany are the ClusterIP of the first service of the small
	// and of the large set, so that both can be served at once. What is below is
	// left to the Services of Kubernetes itself and to single ones here.
	firstIP     = "127.112.16.0"
	firstOfMany = "127.112.64.0"
	// namespaces is how many the generated services are in.
	namespaces = 10
	// perFile is how many services one manifest holds.
	perFile = 100
)

// service is one generated Service: what is asked for, and the right answer.
type service struct {
	name, namespace string
	clusterIP       string   // or None
	endpoints       []string // of its EndpointSlice
}

// services generates n of them, with ClusterIPs from first. Of ten, six have a
// ClusterIP and two endpoints, three are headless with three addresses, one has a
// ClusterIP and no endpoint.
func services(n int, first string) []service {
	base := binary.BigEndian.Uint32(netip.MustParseAddr(first).AsSlice())
	all := make([]service, n)
	for i := range all {
		s := service{
			name:      fmt.Sprintf("svc-%05d", i),
			namespace: fmt.Sprintf("bench-%d", i%namespaces),
			clusterIP: fromUint(base + uint32(i)).String(),
		}
		outside := func(k int) string { return fmt.Sprintf("10.%d.%d.%d", 100+k, i/250, 1+i%250) }
		switch kind := (i / namespaces) % 10; {
		case kind < 6:
			s.endpoints = []string{outside(0), outside(1)}
		case kind < 9:
			s.clusterIP = "None"
			s.endpoints = []string{outside(0), outside(1), outside(2)}
		}
		all[i] = s
	}
	return all
}

func fromUint(v uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, v)))
}

// host is the service's full name.
func (s service) host() string { return s.name + "." + s.namespace + ".svc." + domain + "." }

// want is the right answer to a question for its addresses, sorted.
func (s service) want() []netip.Addr {
	texts := []string{s.clusterIP}
	if s.clusterIP == "None" {
		texts = s.endpoints
	}
	var addrs []netip.Addr
	for _, t := range texts {
		addrs = append(addrs, netip.MustParseAddr(t))
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	return addrs
}

const serviceYAML = `---
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  clusterIP: %[3]s
  ports: [{name: db, port: 5432, targetPort: 5432, protocol: TCP}]
`

const sliceYAML = `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-1, namespace: %[2]s, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
ports: [{name: db, port: 5432, protocol: TCP}]
endpoints:
`

func (s service) manifest() []byte {
	var m bytes.Buffer
	fmt.Fprintf(&m, serviceYAML, s.name, s.namespace, s.clusterIP)
	if len(s.endpoints) == 0 {
		return m.Bytes()
	}
	fmt.Fprintf(&m, sliceYAML, s.name, s.namespace)
	for _, e := range s.endpoints {
		fmt.Fprintf(&m, "- {addresses: [%s], conditions: {ready: true}}\n", e)
	}
	return m.Bytes()
}

func namespaceManifests() []byte {
	var m bytes.Buffer
	for i := range namespaces {
		fmt.Fprintf(&m, "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: bench-%d}\n", i)
	}
	return m.Bytes()
}

// manifests writes services into a new folder, perFile of them in one file.
func (b *bench) manifests(all []service) (string, error) {
	dir, err := b.folder("manifests")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "namespaces.yaml"), namespaceManifests(), 0o644); err != nil {
		return "", err
	}
	for i := 0; i < len(all); i += perFile {
		var text []byte
		for _, s := range all[i:min(i+perFile, len(all))] {
			text = append(text, s.manifest()...)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("services-%03d.yaml", i/perFile)), text, 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}
