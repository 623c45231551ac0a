// Package lab is the outside world of the whole-system tests: hosts with
// addresses of their own, real PostgreSQL servers and a real DNS server, each in
// a network namespace, joined by a bridge in one more.
//
// A namespace is held by a process that dies with the test, so nothing is left
// behind, even after a crash, and the machine's own network is never touched.
// It needs root and Debian's packages, and knows nothing of the product.
package lab
