package file

import (
	"strings"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"

	"fairlead.dev/api/v1alpha1"
)

// kind is one of the kinds that count.
type kind struct {
	typeMeta
	make func() runtime.Object
	// strict kinds refuse unknown fields. The others are Kubernetes' own, whose
	// next release may know the field.
	strict bool
	// secret kinds hold what must not be told to anybody.
	secret bool
}

// typeMeta is what an object says that it is.
type typeMeta struct {
	apiVersion, kind string
}

const fairleadAPI = v1alpha1.Group + "/" + v1alpha1.Version

// kinds lists the kinds that count.
func kinds() [7]kind {
	return [...]kind{
		{typeMeta: typeMeta{"v1", "Service"}, make: func() runtime.Object { return new(corev1.Service) }},
		//lint:ignore SA1019 people write them
		{typeMeta: typeMeta{"v1", "Endpoints"}, make: func() runtime.Object { return new(corev1.Endpoints) }},
		{typeMeta: typeMeta{"discovery.k8s.io/v1", "EndpointSlice"}, make: func() runtime.Object { return new(discoveryv1.EndpointSlice) }},
		{typeMeta: typeMeta{"v1", "Namespace"}, make: func() runtime.Object { return new(corev1.Namespace) }},
		{typeMeta: typeMeta{"v1", kindSecret}, make: func() runtime.Object { return new(corev1.Secret) }, secret: true},
		{typeMeta: typeMeta{"v1", kindConfigMap}, make: func() runtime.Object { return new(corev1.ConfigMap) }},
		{typeMeta: typeMeta{fairleadAPI, v1alpha1.Kind}, make: func() runtime.Object { return new(v1alpha1.ExternalService) }, strict: true},
	}
}

// String is how an object of this type is named in the count of those skipped.
func (t typeMeta) String() string {
	for _, k := range kinds() {
		if k.kind == t.kind {
			return t.kind + " of " + t.apiVersion // somebody else's
		}
	}
	return t.kind
}

// object names an object: KIND NAMESPACE/NAME.
func (t typeMeta) object(n *yaml.Node) string {
	m := get(n, "metadata")
	if m == nil || text(m, "name") == "" {
		return t.kind
	}
	if t.kind == "Namespace" {
		return t.kind + " " + text(m, "name")
	}
	namespace := text(m, "namespace")
	if namespace == "" {
		namespace = corev1.NamespaceDefault
	}
	return t.kind + " " + namespace + "/" + text(m, "name")
}

// isList reports whether it is a list of objects: List, ServiceList and so on.
func (t typeMeta) isList() bool {
	if t.apiVersion == "v1" && t.kind == "List" {
		return true
	}
	item, ok := strings.CutSuffix(t.kind, "List")
	if !ok {
		return false
	}
	for _, k := range kinds() {
		if k.kind == item && k.apiVersion == t.apiVersion {
			return true
		}
	}
	return false
}

// item is what the items of a list are that do not say so themselves.
func (t typeMeta) item() typeMeta {
	item := strings.TrimSuffix(t.kind, "List")
	if item == "" {
		return typeMeta{}
	}
	return typeMeta{apiVersion: t.apiVersion, kind: item}
}

// unmarshal decodes strictly. Field names are case sensitive.
func unmarshal(data []byte, into runtime.Object) (strict []error, err error) {
	none := runtime.NewScheme() // so that nothing but into is decoded into
	_, _, err = json.NewSerializerWithOptions(json.DefaultMetaFactory, none, none, json.SerializerOptions{Strict: true}).Decode(data, nil, into)
	if all, ok := runtime.AsStrictDecodingError(err); ok {
		return all.Errors(), nil
	}
	return nil, err
}
