//go:build linux

package crd

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// A testCase is one spec and what is to become of it.
type testCase struct {
	Case string
	// Want is accept or refuse, if both agree.
	Want string
	// Except names the exception if they do not.
	Except string
	// Name is the object's; x if empty.
	Name string
	Spec map[string]any
}

// exception is a kind of spec that one of the two accepts and the other refuses.
type exception struct {
	name         string
	cluster, run bool // who accepts
	why          string
}

func exceptions() []exception {
	return []exception{
		{"loopback", false, true, "without a cluster 127.0.0.1 is a fine place for a database; in a cluster it is each Pod itself, and the API server refuses such endpoints"},
		{"service target", true, false, "a Service of the cluster needs a cluster"},
		{"cluster domain", true, false, "the CRD cannot know the cluster's domain, which is a flag: the controller says Accepted=False"},
		{"service range", true, false, "the CRD cannot know the cluster's range of virtual IPs: the address is left out when it is published"},
		{"certificate", true, false, "the CRD cannot read certificates: the controller says Accepted=False"},
		{"address twice", true, false, "the CRD counts addresses as they are written, and one that is written twice is one endpoint: the controller says Accepted=False"},
		{"written zero", false, true, "who reads Go structs cannot tell a zero or an empty word that is written from one that is not: both mean the default"},
		{"size", false, true, "the API server bounds what a CEL rule may cost, and so how long a list may be; nothing bounds a file"},
	}
}

// cases reads the table.
func cases(t *testing.T) []testCase {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	var all []testCase
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for doc := range bytes.SplitSeq(text, []byte("---\n")) {
			var c testCase
			if err := yaml.UnmarshalStrict(doc, &c); err != nil {
				t.Fatalf("%s: %v in\n%s", file, err, doc)
			}
			if c.Case == "" || seen[c.Case] || (c.Want == "") == (c.Except == "") {
				t.Fatalf("%s: a case needs a name of its own and either want or except:\n%s", file, doc)
			}
			seen[c.Case] = true
			all = append(all, c)
		}
	}
	return append(all, sized()...)
}

// object is the case as it is put to the API server.
func (c testCase) object() map[string]any {
	if c.Name == "" {
		c.Name = "x"
	}
	return map[string]any{
		"apiVersion": "fairlead.dev/v1alpha1",
		"kind":       "ExternalService",
		"metadata":   map[string]any{"name": c.Name, "namespace": "default"},
		"spec":       c.Spec,
	}
}

// accepts says who is to accept the case.
func (c testCase) accepts(t *testing.T) (cluster, run bool) {
	t.Helper()
	switch c.Want {
	case "accept":
		return true, true
	case "refuse":
		return false, false
	}
	for _, e := range exceptions() {
		if e.name == c.Except {
			return e.cluster, e.run
		}
	}
	t.Fatalf("%s: want %q, except %q: no such word", c.Case, c.Want, c.Except)
	return false, false
}

// sized are the cases that are too long to write out.
func sized() []testCase {
	hosts := func(n int) []any {
		var targets []any
		for i := range n {
			name := fmt.Sprintf("t%d", i)
			targets = append(targets, map[string]any{"name": name, "hostname": name + strings.Repeat("."+strings.Repeat("a", 59), 4)})
		}
		return targets
	}
	ports := func(n int) []any {
		var ports []any
		for i := range n {
			ports = append(ports, map[string]any{"name": fmt.Sprintf("p%d%s", i, strings.Repeat("a", 59)), "port": 1 + i})
		}
		return ports
	}
	addresses := func(n int) []any {
		var ips []any
		for i := range n {
			ips = append(ips, fmt.Sprintf("2001:db8:1234:5678:9abc:def0:%04x:0001", i))
		}
		return []any{map[string]any{"name": "a", "addresses": ips}}
	}
	tiers := func(n int) []any {
		var targets []any
		for i := range n {
			var ips []any
			for j := range 16 {
				ips = append(ips, fmt.Sprintf("2001:db8:1234:5678:9abc:def0:%04x:%04x", i, j))
			}
			targets = append(targets, map[string]any{"name": fmt.Sprintf("t%d", i), "priority": i, "addresses": ips})
		}
		return targets
	}
	headless := func(targets []any) map[string]any { return map[string]any{"type": "Headless", "targets": targets} }
	return []testCase{
		{Case: "1024 addresses", Want: "accept", Spec: headless(addresses(1024))},
		{Case: "1025 addresses", Except: "size", Spec: headless(addresses(1025))},
		{Case: "64 ports and 64 targets", Want: "accept", Spec: map[string]any{"ports": ports(64), "targets": hosts(64)}},
		{Case: "64 priorities of 16 addresses", Want: "accept", Spec: map[string]any{
			"ports": ports(1), "targets": tiers(64), "probe": map[string]any{}, "failover": map[string]any{"minimumReady": 16},
		}},
		{Case: "65 ports", Except: "size", Spec: map[string]any{"ports": ports(65), "targets": hosts(1)}},
		{Case: "65 targets", Except: "size", Spec: headless(hosts(65))},
	}
}
