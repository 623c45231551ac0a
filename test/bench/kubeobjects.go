//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
)

const kubePort = 5432

// named is the metadata of an object of this benchmark.
func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: kubeNamespace, Name: name}
}

// external is an ExternalService with one target.
func external(name string, t v1alpha1.Target) *v1alpha1.ExternalService {
	t.Name = "only"
	return &v1alpha1.ExternalService{
		ObjectMeta: named(name),
		Spec: v1alpha1.ExternalServiceSpec{
			Ports:   []v1alpha1.Port{{Name: "db", Port: kubePort}},
			Targets: []v1alpha1.Target{t},
		},
	}
}

// plainService is a Service without a selector, as people make it today.
func plainService(name string) *corev1.Service {
	return &corev1.Service{ObjectMeta: named(name), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "db", Port: kubePort}}}}
}

// plainSlice is the EndpointSlice of a plainService.
func plainSlice(name string, addrs ...string) *discoveryv1.EndpointSlice {
	port, db, tcp := int32(kubePort), "db", corev1.ProtocolTCP
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  named(name + "-1"),
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &db, Port: &port, Protocol: &tcp}},
	}
	s.Labels = map[string]string{discoveryv1.LabelServiceName: name}
	for _, a := range addrs {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	return s
}

// makePlain creates a Service and its slice, as a person would.
func (k *kube) makePlain(ctx context.Context, name string, addrs ...string) error {
	if err := k.client.Create(ctx, plainService(name)); err != nil {
		return err
	}
	return k.client.Create(ctx, plainSlice(name, addrs...))
}

// makeBeside creates n ExternalServices with two addresses each, which nobody
// connects to.
func (k *kube) makeBeside(ctx context.Context, n int) error {
	return inParallel(ctx, n, func(ctx context.Context, i int) error {
		return k.client.Create(ctx, external(besideName(i), v1alpha1.Target{Addresses: besideAddresses(i)}))
	})
}

func besideName(i int) string { return fmt.Sprintf("beside-%05d", i) }

func besideAddresses(i int) []string {
	return []string{fmt.Sprintf("10.100.%d.%d", i/250, 1+i%250), fmt.Sprintf("10.101.%d.%d", i/250, 1+i%250)}
}

// anAddress is another one for each i, and nobody's.
func anAddress(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 201, byte(i / 250), byte(1 + i%250)})
}

// patchSlice has a slice publish other addresses, as kubectl patch does.
func (k *kube) patchSlice(ctx context.Context, name string, addrs ...string) error {
	var endpoints []string
	for _, a := range addrs {
		endpoints = append(endpoints, fmt.Sprintf(`{"addresses": [%q], "conditions": {"ready": true}}`, a))
	}
	s := &discoveryv1.EndpointSlice{ObjectMeta: named(name)}
	return k.patch(ctx, s, `{"endpoints": [%s]}`, strings.Join(endpoints, ", "))
}

// patchExternal has an ExternalService publish another address.
func (k *kube) patchExternal(ctx context.Context, name, addr string) error {
	return k.patch(ctx, &v1alpha1.ExternalService{ObjectMeta: named(name)}, `{"spec": {"targets": [{"name": "only", "addresses": [%q]}]}}`, addr)
}

func (k *kube) patch(ctx context.Context, o client.Object, format string, args ...any) error {
	return k.client.Patch(ctx, o, client.RawPatch(types.MergePatchType, fmt.Appendf(nil, format, args...)), client.FieldOwner("person"))
}
