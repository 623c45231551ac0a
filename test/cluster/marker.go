//go:build linux

package cluster

import (
	"context"
	"fmt"
	"sync/atomic"
)

// markers numbers the markers of one cluster; no name is used twice, since an
// old answer must not pass for a new one.
type markers struct {
	last atomic.Int64
}

func (m *markers) next() marker {
	return marker{name: fmt.Sprintf("dns-marker-%d", m.last.Add(1))}
}

// marker is a Namespace with a headless Service and its EndpointSlice, all of
// one name.
type marker struct {
	name string
}

func (m marker) host(zone string) string {
	return m.name + "." + m.name + ".svc." + zone + "."
}

// object is JSON in the making.
type object = map[string]any

func (m marker) create(ctx context.Context, api *apiClient) error {
	meta := object{"name": m.name}
	steps := []struct {
		path string
		body object
	}{
		{"/api/v1/namespaces", object{"apiVersion": "v1", "kind": "Namespace", "metadata": meta}},
		{m.services(), object{
			"apiVersion": "v1", "kind": "Service", "metadata": meta,
			"spec": object{"clusterIP": "None", "ports": []object{{"port": 1}}},
		}},
		{m.slices(), object{
			"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
			"metadata":    object{"name": m.name, "labels": object{"kubernetes.io/service-name": m.name}},
			"addressType": "IPv4",
			"endpoints":   []object{{"addresses": []string{advertised}}},
			"ports":       []object{{"name": "", "port": 1}},
		}},
	}
	for _, step := range steps {
		if err := api.do(ctx, "POST", step.path, step.body); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the marker. The namespace is finalized by hand, as there may
// be no controller to do it.
func (m marker) remove(ctx context.Context, api *apiClient) error {
	namespace := "/api/v1/namespaces/" + m.name
	for _, path := range []string{m.slices() + "/" + m.name, m.services() + "/" + m.name, namespace} {
		if err := api.do(ctx, "DELETE", path, nil); err != nil {
			return err
		}
	}
	return api.do(ctx, "PUT", namespace+"/finalize", object{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": object{"name": m.name},
		"spec":     object{"finalizers": []string{}},
	})
}

func (m marker) services() string {
	return "/api/v1/namespaces/" + m.name + "/services"
}

func (m marker) slices() string {
	return "/apis/discovery.k8s.io/v1/namespaces/" + m.name + "/endpointslices"
}
