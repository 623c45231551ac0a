package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group, Version and Kind of an ExternalService.
const (
	Group   = "fairlead.dev"
	Version = "v1alpha1"
	Kind    = "ExternalService"
)

// GroupVersion is the group and version of this package's types.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}

// AddToScheme makes the types known to a scheme, so that clients can read and
// write them.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion(), &ExternalService{}, &ExternalServiceList{})
	metav1.AddToGroupVersion(s, GroupVersion())
	return nil
}
