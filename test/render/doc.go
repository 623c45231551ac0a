// Package render holds the test that a real kube-apiserver takes what
// internal/render renders, and keeps it as it was written.
//
// It has no code of its own, and nothing reconciles here: the test carries the
// writes out itself.
package render
