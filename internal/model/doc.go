// Package model holds Fairlead's five nouns and nothing else.
//
//   - [Service] is what a person wants: a name, ports, and the targets behind it.
//   - [Target] is one place where a service lives: a hostname, an SRV name,
//     addresses, or the endpoints that a manifest lists.
//   - [Endpoint] is one address with the ports it serves.
//   - [Observation] is what the outside said, and when.
//   - [Decision] is what is published for one service, and why.
//
// A [Snapshot] is every service's decision at one moment. DNS, relay, status
// page and metrics read snapshots and nothing else.
//
// Values are immutable once they are shared: whoever builds one may write it,
// everybody else only reads. The package does no I/O, reads no clock, validates
// nothing (package convert does, once) and imports the standard library only.
package model
