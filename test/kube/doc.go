//go:build linux

// Package kube tests the controller as a whole against a real API server: the
// binary runs, the tests write what people write and read what stands.
//
// Most of it needs no node and no root. It sends no traffic: package expectations
// does.
package kube
