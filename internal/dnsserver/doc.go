// Package dnsserver answers DNS questions about the cluster from a
// [model.Snapshot], and passes everything else on.
//
// [Answer] is a pure function from a question and a [View] of a snapshot to a
// [Result]: the records to reply with, or what must be asked outside first.
// [Server] is the listener around it: UDP and TCP sockets, EDNS0 (RFC 6891),
// truncation, and the forwarding of questions that are not the cluster's
// through a [Forwarder].
//
// The package resolves no outside name itself, keeps no answers between
// queries, decides nothing about who is healthy, and validates no manifest.
//
// # What is answered
//
// The Kubernetes DNS specification 1.1.0 and, where that is silent, whatever
// CoreDNS 1.15's kubernetes plugin answers with "pods disabled", "ttl 5" and
// "fallthrough in-addr.arpa ip6.arpa" in front of a forward plugin. That holds
// for oddities too, since programs meet them in the cluster: TXT for the apex
// is NXDOMAIN, SOA below the apex is never NXDOMAIN, aliases that end nowhere
// inside the cluster domain answer "no data" without the alias, an alias to an
// outside name that does not exist answers NOERROR, and types other than A,
// AAAA and CNAME do not see aliases at all.
//
// # Differences from CoreDNS
//
// Each is on purpose, and has a name by which tests exempt it.
//
//   - not-ready: publishNotReadyAddresses is honoured here. In a cluster the
//     endpoints controller does that before CoreDNS sees the endpoints.
//   - own-loopback: the zone's NS records give this server's address even if it
//     is a loopback address. Every client that reaches it can use it.
//   - apex-case: NS for the apex is answered in any case, as ns.dns is in any
//     zone's case (RFC 4343). CoreDNS has them in lower case only.
//   - outside-failure: if an outside name behind an alias cannot be looked up,
//     the answer is SERVFAIL. CoreDNS answers NOERROR with the alias alone,
//     which a client takes for "has no address".
//   - last-good: outside addresses come from the snapshot, without a query, and
//     the last good ones outlive an outage (RFC 8767).
//   - class: classes other than IN are refused. CoreDNS does so too, but not
//     once it has a forward plugin.
//   - notify: NOTIFY is NOTIMP. CoreDNS answers it like a query.
//   - transfer: AXFR and IXFR are refused for outside zones too.
//   - two-opt: two OPT records are FORMERR (RFC 6891 section 6.1.1), and BADVERS
//     gives a payload size.
//   - hop-options: EDNS0 options end at this server in both directions, save
//     extended errors (RFC 8914).
//   - reverse-exact: names below a whole reverse name, such as
//     x.<32 nibbles>.ip6.arpa, are not that address.
//   - orphan-slices: endpoints without a service have no PTR records, since a
//     snapshot has none.
package dnsserver
