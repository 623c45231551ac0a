// Package e2e tests the whole binary from outside: real clients (dig, getent,
// nslookup, curl, psql) against a real outside (PostgreSQL, BIND) in package
// lab's networks.
//
// It imports nothing of the product, so that the code under test is never its
// own judge, and asserts no timings: figures are logged here and measured by
// `make bench`.
package e2e
