// Package differential holds the test that Fairlead's DNS answers what
// Kubernetes' own does.
//
// The same manifests go into a real kube-apiserver with a real CoreDNS and into
// the real binary; both forward to the same outside server. A few thousand
// questions are put to both over their sockets, again after an edit, and again
// while the outside is down. What differs must be in the list of deliberate
// differences, which docs/dns.md explains, and everything in that list must
// occur.
//
// The package has no code of its own, imports nothing of the code under test,
// and compares no TTLs and no order of records. Virtual IPs and the relay are
// not its concern: nothing connects to an endpoint.
package differential
