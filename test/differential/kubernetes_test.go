//go:build linux

package differential

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/cluster"
)

// serviceCIDR is not the default range: other tests may serve that one on this
// machine at the same time.
const serviceCIDR = "127.101.0.0/16"

// startCluster starts the control tier with CoreDNS as kubeadm sets it up, but
// for the cache, which would only delay what it says.
func startCluster(t *testing.T, upstream string) *cluster.Cluster {
	t.Helper()
	return cluster.Start(t, cluster.Options{
		ServiceCIDR: netip.MustParsePrefix(serviceCIDR),
		Controllers: []string{"endpointslice-mirroring-controller"},
		DNS:         cluster.DNS{Upstream: upstream},
	})
}

// own returns what the API server has by itself, as manifests: the namespaces
// that every cluster has, and the kubernetes Service.
func own(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	var texts []string
	for _, args := range []string{"namespaces", "services,endpointslices -n default"} {
		out, err := c.Kubectl(t.Context(), append([]string{"get", "-o", "yaml"}, strings.Fields(args)...)...)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, out)
	}
	return strings.Join(texts, "---\n")
}

// apply applies manifests and waits until CoreDNS answers from them.
func apply(t *testing.T, c *cluster.Cluster, manifests string) {
	t.Helper()
	if err := c.Apply(t.Context(), []byte(manifests)); err != nil {
		t.Fatal(err)
	}
	settle(t, c)
}

// remove deletes objects; with a Service the API server deletes its Endpoints.
func remove(t *testing.T, c *cluster.Cluster, objects []object) {
	t.Helper()
	for i := range objects {
		args := append([]string{"delete", "--ignore-not-found", "--wait=false"}, strings.Fields(objects[i].id())...)
		if _, err := c.Kubectl(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
}

// settle waits until every Endpoints object is mirrored into EndpointSlices,
// the only form that CoreDNS reads, and CoreDNS has seen them.
func settle(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for missing := unmirrored(t, c); missing != ""; missing = unmirrored(t, c) {
		if time.Now().After(deadline) {
			t.Fatal(missing)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := c.WaitDNS(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// unmirrored says which Endpoints and slices made from them do not agree yet.
func unmirrored(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	want := addresses(t, c, "/api/v1/endpoints")
	got := addresses(t, c, "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=endpointslice.kubernetes.io/managed-by=endpointslicemirroring-controller.k8s.io")
	for key, addrs := range want {
		if !slices.Equal(addrs, got[key]) {
			return fmt.Sprintf("Endpoints %s have %v, their slices %v", key, addrs, got[key])
		}
	}
	for key, addrs := range got {
		if want[key] == nil && len(addrs) > 0 {
			return fmt.Sprintf("slices of %s have %v, and there are no Endpoints", key, addrs)
		}
	}
	return ""
}

// addresses lists the addresses by the Service they belong to, ready or not,
// of the objects at a path.
func addresses(t *testing.T, c *cluster.Cluster, path string) map[string][]string {
	t.Helper()
	out, err := c.Kubectl(t.Context(), "get", "--raw", path)
	if err != nil {
		t.Fatal(err)
	}
	type address struct{ IP string }
	var list struct {
		Items []struct {
			Metadata struct {
				Namespace, Name string
				Labels          map[string]string
			}
			Subsets   []struct{ Addresses, NotReadyAddresses []address }
			Endpoints []struct {
				Addresses  []string
				Conditions struct{ Ready *bool }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, o := range list.Items {
		name := o.Metadata.Labels["kubernetes.io/service-name"]
		if name == "" {
			name = o.Metadata.Name
		}
		key := o.Metadata.Namespace + "/" + name
		if o.Metadata.Labels["endpointslice.kubernetes.io/skip-mirror"] == "true" || key == "default/kubernetes" {
			continue
		}
		for _, s := range o.Subsets {
			for _, a := range s.Addresses {
				all[key] = append(all[key], a.IP+" ready")
			}
			for _, a := range s.NotReadyAddresses {
				all[key] = append(all[key], a.IP)
			}
		}
		for _, e := range o.Endpoints {
			for _, ip := range e.Addresses {
				if e.Conditions.Ready == nil || *e.Conditions.Ready {
					ip += " ready"
				}
				all[key] = append(all[key], ip)
			}
		}
		slices.Sort(all[key])
	}
	return all
}
