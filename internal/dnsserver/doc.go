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
// Where it differs from CoreDNS on purpose, the difference has a name, a reason
// and a row in docs/dns.md, and the differential test exempts just that.
package dnsserver
