//go:build !linux

package dnsserver

import "net"

// sharing: other systems do not spread queries over sockets that share an
// address, so there is one.
func sharing() (net.ListenConfig, int) { return net.ListenConfig{}, 1 }
