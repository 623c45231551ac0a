// Command coredns is CoreDNS exactly as its own repository builds it. It is
// here only so that a version and checksums are pinned; it changes nothing.
package main

import (
	_ "github.com/coredns/coredns/core/plugin" // every plugin of the official build
	"github.com/coredns/coredns/coremain"
)

func main() {
	coremain.Run()
}
