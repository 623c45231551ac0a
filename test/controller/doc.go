//go:build linux

// Package controller runs the real `fairlead controller` for tests, against a
// cluster of package cluster and where that cluster's parts are: with a node it
// stands on the node's network, so that it reaches the outside DNS and every
// address that Pods reach. It is a process of its own, not a Pod, and is built
// with the race detector.
//
// It judges nothing but the program's end: told to stop, it must exit with 0,
// and never with a data race.
package controller
