// Package vip assigns virtual IPs to services from one or two ranges, so that
// a service has the same address on every start.
//
// A service that asks for an address gets it. Every other service hashes its
// namespace/name into the range's upper, dynamic band; the lower band is kept
// for addresses that people write down (KEP-3070). Of two that hash to one
// address the smaller key has it, and the other hashes again, with a counter.
// So the outcome does not depend on the order of the claims, and one more
// service moves another only when both want the same address.
//
// It is a pure function: it opens no socket, stores nothing and does not know
// which addresses the machine has. What a running process has handed out comes
// in as an argument.
package vip
