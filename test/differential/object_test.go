//go:build linux

package differential

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// object is as much of a manifest as questions are made from. The test reads
// manifests by itself, so that no reader of Fairlead's stands between it and
// what was written.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Spec struct {
		ClusterIP, ExternalName string
		Ports                   []port
	}
	// Of an EndpointSlice.
	Endpoints []struct {
		Addresses []string
		Hostname  string
	}
	// Of Endpoints.
	Subsets []struct {
		Addresses, NotReadyAddresses []struct{ IP, Hostname string }
	}
}

type port struct {
	Name, Protocol string
	Port           int
}

// endpoint is one address, ready or not.
type endpoint struct {
	addr     netip.Addr
	hostname string
}

// id is how kubectl names the object.
func (o *object) id() string {
	if o.Kind == "Namespace" {
		return "namespace/" + o.Metadata.Name
	}
	return strings.ToLower(o.Kind) + "/" + o.Metadata.Name + " -n " + o.Metadata.Namespace
}

// service is the namespace and name of the Service that the object is or
// belongs to.
func (o *object) service() [2]string {
	name := o.Metadata.Name
	if o.Kind == "EndpointSlice" {
		name = o.Metadata.Labels["kubernetes.io/service-name"]
	}
	return [2]string{o.Metadata.Namespace, name}
}

// endpoints are the addresses that the object lists.
func (o *object) endpoints(t *testing.T) []endpoint {
	t.Helper()
	var all []endpoint
	add := func(ip, hostname string) {
		a, err := netip.ParseAddr(ip)
		if err != nil {
			t.Fatalf("%s: %v", o.id(), err)
		}
		all = append(all, endpoint{a, hostname})
	}
	for _, e := range o.Endpoints {
		for _, ip := range e.Addresses {
			add(ip, e.Hostname)
		}
	}
	for _, s := range o.Subsets {
		for _, a := range append(s.Addresses, s.NotReadyAddresses...) {
			add(a.IP, a.Hostname)
		}
	}
	return all
}

// parse reads the documents of one YAML text.
func parse(t *testing.T, text []byte) []object {
	t.Helper()
	var all []object
	for i, doc := range bytes.Split(text, []byte("\n---\n")) {
		var o struct {
			object
			Items []object
		}
		if err := yaml.Unmarshal(doc, &o); err != nil {
			t.Fatalf("document %d: %v\n%s", i+1, err, doc)
		}
		switch {
		case len(o.Items) > 0:
			all = append(all, o.Items...)
		case o.Kind != "":
			all = append(all, o.object)
		default:
			t.Fatal(fmt.Errorf("document %d has no kind:\n%s", i+1, doc))
		}
	}
	return all
}
