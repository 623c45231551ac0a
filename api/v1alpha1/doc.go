// Package v1alpha1 is Fairlead's API: the ExternalService kind of the group
// fairlead.dev, and the constants that stand in its status.
//
// It holds types and constants only. Validation and defaulting are in package
// convert, the decision in package failover.
//
// +kubebuilder:object:generate=true
// +groupName=fairlead.dev
package v1alpha1
