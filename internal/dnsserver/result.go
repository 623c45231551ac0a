package dnsserver

import "github.com/miekg/dns"

// Action is what to do with a [Result].
type Action int

const (
	// Reply means that the result is the answer.
	Reply Action = iota
	// Follow means that Ask must be asked outside: its answer section goes
	// below the CNAMEs in Answer.
	Follow
	// Forward means that the question is not the cluster's: whatever the
	// outside DNS says is the answer.
	Forward
)

// The sources of an answer, as [Hooks] are told.
const (
	// SourceCluster: from the snapshot, or turned away without asking anybody.
	SourceCluster = "cluster"
	// SourceExternal: a service of type ExternalName with an outside name.
	SourceExternal = "external"
	// SourceForwarded: from the outside DNS.
	SourceForwarded = "forwarded"
)

// Result is what [Answer] says to a question.
type Result struct {
	Action Action
	// Rcode is NOERROR, NXDOMAIN, REFUSED or SERVFAIL.
	Rcode int
	// Authoritative is the reply's AA bit.
	Authoritative bool
	Answer        []dns.RR
	Ns            []dns.RR
	Extra         []dns.RR
	// Ask is set for Follow only.
	Ask dns.Question
	// Source is one of the Source constants.
	Source string
}

func (q *query) records(answer, extra []dns.RR) Result {
	return Result{Authoritative: true, Answer: answer, Extra: extra, Source: SourceCluster}
}

// noData says that the name exists without such records (RFC 2308 section 2.2).
func (q *query) noData() Result {
	return Result{Authoritative: true, Ns: []dns.RR{q.soa()}, Source: SourceCluster}
}

// noName says that the name does not exist. In a reverse zone that is for the
// outside DNS to say.
func (q *query) noName() Result {
	if !q.cluster {
		return Result{Action: Forward, Source: SourceForwarded}
	}
	r := q.noData()
	r.Rcode = dns.RcodeNameError
	return r
}

func failed(rcode int) Result {
	return Result{Rcode: rcode, Source: SourceCluster}
}
