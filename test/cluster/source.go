//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// productModule names the module whose test/cluster holds the programs.
const productModule = "fairlead.dev"

// programs are the paths of the built programs; containerd is for nodes only.
type programs struct {
	kube, coredns, containerd string
}

// source is one of our Go modules that is built into one program, or several.
type source struct {
	name  string   // its folder, and what the program is called
	about string   // shown while a cold build runs
	flags []string // of go build, beside -o
	links []string // further names the program answers to
	tools bool     // it has no code: the programs are those of its tool lines
}

const kubeVersion = "v1.36.3"

func kubeSource() source {
	const version = "-X k8s.io/component-base/version."
	return source{
		name:  "kube",
		about: "Kubernetes " + kubeVersion + " and etcd, 2,700 packages, about 5 minutes on 2 cores",
		// Without the version kubectl cannot parse what the server says.
		flags: []string{"-ldflags=-s -w " + version + "gitVersion=" + kubeVersion + " " + version + "gitMajor=1 " + version + "gitMinor=36"},
		links: []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"},
	}
}

func corednsSource() source {
	return source{
		name:  "coredns",
		about: "CoreDNS with all its plugins, 1,400 packages, about 2 minutes on 2 cores",
		flags: []string{"-ldflags=-s -w"},
	}
}

// containerdSource is three programs, since the shim starts itself again and
// so cannot be another name of a program with many.
func containerdSource() source {
	return source{
		name:  "containerd",
		about: "containerd with its client and shim, 1,300 packages, about 2 minutes on 2 cores",
		flags: []string{"-ldflags=-s -w"},
		tools: true,
	}
}

// findRoot walks up from the working directory to the product's go.mod.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cluster: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && slices.Contains(strings.Fields(firstLine(data)), productModule) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("cluster: no go.mod of " + productModule + " above the working directory; run this inside the repository")
		}
	}
}

func firstLine(data []byte) string {
	line, _, _ := strings.Cut(string(data), "\n")
	return line
}
