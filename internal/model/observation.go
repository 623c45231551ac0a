package model

import (
	"net/netip"
	"time"
)

// RecordType is the type of DNS record that a [Question] asks for.
type RecordType string

// The record types that targets are resolved with.
const (
	A    RecordType = "A"
	AAAA RecordType = "AAAA"
	SRV  RecordType = "SRV"
)

// Question is one thing to ask the outside DNS. Services that want the same
// question share its answer.
type Question struct {
	// Name is lower case, without a trailing dot.
	Name string
	Type RecordType
}

// Class says what kind of answer an [Observation] is. Only [Answered],
// [NotFound] and [Empty] say anything about the name; the others say that the
// lookup failed.
type Class string

// The classes of DNS answers.
const (
	// Answered means that there is at least one record.
	Answered Class = "Answered"
	// NotFound is NXDOMAIN: the name does not exist (RFC 2308).
	NotFound Class = "NotFound"
	// Empty is NODATA: the name exists without records of this type (RFC 2308).
	Empty Class = "Empty"
	// Timeout means that no server answered in time, or could be reached.
	Timeout Class = "Timeout"
	// ServerFailure is SERVFAIL.
	ServerFailure Class = "ServerFailure"
	// Refused is REFUSED.
	Refused Class = "Refused"
	// Broken is an answer that cannot be used: malformed, mismatched, a CNAME
	// loop, or an unexpected RCODE.
	Broken Class = "Broken"
)

// Failed reports whether the lookup failed, so that the answer says nothing
// about the name.
func (c Class) Failed() bool {
	return c != Answered && c != NotFound && c != Empty
}

// Observation is what the outside DNS said to a question, and when.
type Observation struct {
	Question Question
	At       time.Time
	Class    Class
	// TTL is the smallest TTL on the way to the answer, or the negative TTL of
	// an NXDOMAIN or empty answer (RFC 2308 section 5).
	TTL time.Duration
	// Aliases are the CNAMEs that were followed, in order.
	Aliases []Alias
	// Addrs are the addresses of an A or AAAA answer, in the server's order.
	Addrs []netip.Addr
	// Hosts are the records of an SRV answer.
	Hosts []Host
	// Detail tells a person what went wrong; empty for Answered.
	Detail string
}

// Alias is one CNAME record.
type Alias struct {
	Name   string        `json:"name"`
	Target string        `json:"target"`
	TTL    time.Duration `json:"ttl"`
}

// Host is one SRV record (RFC 2782).
type Host struct {
	Name             string
	Port             uint16
	Priority, Weight uint16
}

// Answer is what is known about a question: the last answer that held, and the
// latest whatever it was.
type Answer struct {
	// Good is the last observation of class Answered. Zero if there was none.
	Good Observation
	// Last is the latest observation.
	Last Observation
	// MissingSince is when NotFound or Empty answers began to be the only
	// valid ones, MissingAt when the last one of them came. Zero while the name
	// has records.
	MissingSince, MissingAt time.Time
}

// Missing reports whether the answers that there are no records have lasted for
// grace: one of them came when it was over. Failed lookups in between or afterwards
// say nothing.
func (a *Answer) Missing(grace time.Duration) bool {
	return !a.MissingSince.IsZero() && !a.MissingAt.Before(a.MissingSince.Add(grace))
}
