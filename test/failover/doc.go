//go:build linux

// Package failover plays what happens to databases outside a cluster, with nothing
// but real parts: a node with kube-proxy and CoreDNS, a PostgreSQL primary and its
// standby on hosts outside, an outside DNS, and a client that opens connections
// through the Service all the time. A [Way] is how the client is led to the
// primary: by an ExternalService, or by a person with kubectl. A [Fault] is what
// happens. The client's log is judged by package traffic.
//
// More plays, each of them longer or rarer than those of every run, are built with
// -tags soak: go test -tags soak -timeout 60m ./test/failover.
//
// It asserts nothing about time: how long it took is in the logs, for whoever wants
// to show it.
package failover
