// Package crd holds the tests of the CustomResourceDefinition below deploy/crds
// against a real kube-apiserver.
//
// A table of specs, good and bad, is put to the API server and to package
// convert: both accept or both refuse, but for a list of exceptions with their
// reasons. What the API server accepts and fills in with defaults must mean the
// same to package convert as what was written. Every message of a CEL rule is
// seen once, and stands in a golden file.
//
// The package has no code of its own, and nothing reconciles here.
package crd
