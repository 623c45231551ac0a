// Package v1alpha1 is Fairlead's API: the ExternalService kind of the group
// fairlead.dev, and the constants that stand in its status.
//
// It holds types, their markers and constants only. From the markers come the
// CustomResourceDefinition below deploy/crds and the deep copies beside this
// file (`make generate`): the rules and defaults that the API server applies.
// The same rules for manifests without an API server are in package convert;
// package test/crd holds the two against each other. The decision is in package
// failover.
//
// +kubebuilder:object:generate=true
// +groupName=fairlead.dev
package v1alpha1
