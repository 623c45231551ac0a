// Command kube is a real Kubernetes in one program: it acts as etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy
// or kubectl, whichever name it is called by. It adds nothing to them and starts none of them;
// package cluster does that.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// program is what stands behind one name. It returns the exit code.
type program func(args []string) int

// programs lists every name this binary answers to. A new component is one
// line here and one function in a file of its own.
func programs() map[string]program {
	return map[string]program{
		"etcd":                    etcd,
		"kube-apiserver":          apiserver,
		"kube-controller-manager": controllerManager,
		"kube-proxy":              proxy,
		"kube-scheduler":          scheduler,
		"kubelet":                 node,
		"kubectl":                 kubectl,
	}
}

func main() {
	name := filepath.Base(os.Args[0])
	run, ok := programs()[name]
	if !ok {
		names := slices.Sorted(maps.Keys(programs()))
		fmt.Fprintf(os.Stderr, "kube: called as %q; call it through a link named one of: %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Exit(run(os.Args))
}
