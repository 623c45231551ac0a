//go:build linux

package render

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
	"fairlead.dev/test/cluster"
)

const selector = discoveryv1.LabelManagedBy + "=" + render.Manager

// tier is an API server and what is published there under one name.
type tier struct {
	*cluster.Cluster
	published model.Published
}

func start(t *testing.T) *tier {
	t.Helper()
	k := &tier{Cluster: cluster.Start(t, cluster.Options{ServiceCIDR: netip.MustParsePrefix("127.103.0.0/16")})}
	k.published.Service = model.Service{
		Key: model.Key{Namespace: "default", Name: "db"}, Type: model.ClusterIP,
		Ports: []model.Port{
			{Name: "postgres", Protocol: model.TCP, Port: 5432, TargetPort: 6432, AppProtocol: "kubernetes.io/h2c"},
			{Name: "dns", Protocol: model.UDP, Port: 53, TargetPort: 53},
		},
	}
	return k
}

func owner() metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{APIVersion: "fairlead.dev/v1alpha1", Kind: "ExternalService", Name: "db", UID: "5ca1ab1e", Controller: &yes, BlockOwnerDeletion: &yes}
}

// kubectl decodes what it prints into a value.
func (k *tier) get(t *testing.T, into any, args ...string) {
	t.Helper()
	out, err := k.Kubectl(t.Context(), append([]string{"get", "-o", "json"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	if out == "" {
		return
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatal(err)
	}
}

func (k *tier) slices(t *testing.T) []*discoveryv1.EndpointSlice {
	t.Helper()
	var list discoveryv1.EndpointSliceList
	k.get(t, &list, "endpointslices", "-l", selector)
	var all []*discoveryv1.EndpointSlice
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	return all
}

// service returns the Service that stands, or nil.
func (k *tier) service(t *testing.T) *corev1.Service {
	t.Helper()
	s := new(corev1.Service)
	k.get(t, s, "service", "db", "--ignore-not-found")
	if s.Name == "" {
		return nil
	}
	return s
}

// publish renders, carries the writes out, and returns them.
func (k *tier) publish(t *testing.T) render.Output {
	t.Helper()
	out := render.Render(render.Input{Published: &k.published, Owner: owner(), Slices: k.slices(t)})
	if render.MustBridge(k.service(t), out.Service) {
		k.delete(t, "service/db")
	}
	objects := []any{out.Service}
	for _, s := range slices.Concat(out.Slices.Create, out.Slices.Update) {
		objects = append(objects, s)
	}
	var docs []string
	for _, o := range objects {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, string(text))
	}
	if err := k.Apply(t.Context(), []byte(strings.Join(docs, "\n"))); err != nil {
		t.Fatal(err)
	}
	for _, s := range out.Slices.Delete {
		k.delete(t, "endpointslice/"+s.Name)
	}
	return out
}

func (k *tier) delete(t *testing.T, what string) {
	t.Helper()
	if _, err := k.Kubectl(t.Context(), "delete", what); err != nil {
		t.Fatal(err)
	}
}
