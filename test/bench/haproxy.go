//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
)

// haproxyConfig is a relay of TCP and nothing else, as one would set it up on
// this machine: a thread for each of two cores, no log. What splice-auto does not
// splice is spliced where that is good for it: with much at a time.
const haproxyConfig = `global
	nbthread 2
	maxconn 4000
%[7]sdefaults
	mode tcp
	option splice-auto
	timeout connect 3s
	timeout client 1h
	timeout server 1h
listen http
	bind %[1]s
	server backend %[4]s
listen echo
	bind %[2]s
	server backend %[5]s
listen bulk
	option splice-request
	option splice-response
	bind %[3]s
	server backend %[6]s
`

// largePipes lets HAProxy splice as much at a time as fairlead does, 1 MiB; its
// default is the kernel's 64 KiB.
const largePipes = "\ttune.pipesize 1048576\n"

// runHAProxy starts HAProxy before the backend.
func (b *bench) runHAProxy(backend places, global string) (*process, places, error) {
	var at places
	path, err := find("haproxy", "haproxy")
	if err != nil {
		return nil, at, err
	}
	dir, err := b.folder("haproxy")
	if err != nil {
		return nil, at, err
	}
	for _, place := range at.all() {
		if *place, err = freePort(netip.MustParseAddr("127.0.0.1")); err != nil {
			return nil, at, err
		}
	}
	config := fmt.Sprintf(haproxyConfig, at.http, at.echo, at.bulk, backend.http, backend.echo, backend.bulk, global)
	file := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return nil, at, err
	}
	p, err := b.start("haproxy", exec.Command(path, "-db", "-f", file))
	return p, at, err
}

// relayYAML is the same for fairlead: a Service without a selector and its one
// endpoint, three ports.
const relayYAML = `apiVersion: v1
kind: Service
metadata: {name: backend, namespace: bench}
spec:
  clusterIP: %[1]s
  ports:
  - {name: http, port: 8080, targetPort: %[2]d}
  - {name: echo, port: 8081, targetPort: %[3]d}
  - {name: bulk, port: 8082, targetPort: %[4]d}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: backend-1, namespace: bench, labels: {kubernetes.io/service-name: backend}}
addressType: IPv4
ports:
- {name: http, port: %[2]d}
- {name: echo, port: %[3]d}
- {name: bulk, port: %[4]d}
endpoints:
- addresses: ["127.0.0.1"]
`

// runRelay starts fairlead before the backend.
func (b *bench) runRelay(backend places) (*process, places, error) {
	ip := netip.MustParseAddr("127.112.8.1")
	at := places{netip.AddrPortFrom(ip, 8080), netip.AddrPortFrom(ip, 8081), netip.AddrPortFrom(ip, 8082)}
	dir, err := b.folder("relay")
	if err != nil {
		return nil, at, err
	}
	text := fmt.Sprintf(relayYAML, ip, backend.http.Port(), backend.echo.Port(), backend.bulk.Port())
	if err := os.WriteFile(filepath.Join(dir, "backend.yaml"), []byte(text), 0o644); err != nil {
		return nil, at, err
	}
	f, err := b.runFairlead(dir, nowhere)
	if err != nil {
		return nil, at, err
	}
	return f.process, at, nil
}
