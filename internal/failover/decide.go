// Package failover decides what is published for a service.
//
// [Decide] is one pure function of what is wanted, what is known, what was decided
// before and the time. Its result is everything the edges need: endpoints,
// questions and checks that must be kept answered, when to look again, and one
// reason and one message for people, which stand unchanged in condition, log,
// metric and status page. [Judge] is the other pure function: what a probe's
// result makes of what is held of an endpoint.
//
// The package reads no clock, does no I/O, logs nothing and keeps no state. It
// does not carry anything out: package engine does.
package failover

import (
	"time"

	"fairlead.dev/internal/model"
)

// Input is all that a decision depends on.
type Input struct {
	Service model.Service
	// Answer returns what is known about a question, and whether anything is.
	Answer func(model.Question) (model.Answer, bool)
	// Health returns what is held of an endpoint. Nil means that nothing was ever
	// probed.
	Health func(model.Check) model.Health
	// State is that of the decision before this one.
	State model.State
	Now   time.Time
	// Forbidden addresses are never published, whatever they came from.
	Forbidden Forbidden
	// Domain is the cluster domain; names in it are not asked outside.
	Domain string
	// Standing is what was published for the service before any answer to its
	// present names came: before a restart, or before its spec was edited. It is
	// passed until a decision is Settled.
	Standing []model.Endpoint
	// StandingSince is when an edit made Standing what was before; zero for what a
	// restart has found. That a name does not exist is believed missingGrace after
	// that at the earliest.
	StandingSince time.Time
}

// Decide returns what is published for in.Service at in.Now, in four steps.
//
// First, where does each target live?
//
//	what DNS says of a target's name        what is known of it
//	--------------------------------        -------------------
//	records                                 their addresses
//	timeout, SERVFAIL, REFUSED, nonsense    the last good addresses, for ever
//	NXDOMAIN or no records, for less than   the last good addresses
//	  missingGrace
//	NXDOMAIN or no records, for longer      nothing, also while lookups fail then
//	nothing yet                             nothing
//
// How long that lasts is from the first such answer to the last one: failed lookups
// are none. Before the first records come, in.Standing takes the place of the last
// good addresses, and also that of nothing in the last line. Without any in.Standing a
// name that never had records is believed to have none at once. Addresses that DNS
// gives no more stay for retain; and, if they are up, for missingGrace as long as
// none that it gives is, so that a name that flickers moves nobody. Where SRV records
// name other hosts than before, those from before stay until one of them is known.
//
// Second, which tier? Without a probe the best one, that with the lowest priority.
// With one:
//
//	the published tier   a better tier           a worse tier        published
//	------------------   -------------           ------------        ---------
//	up, or not judged    up for failbackDelay,   any                 the better one,
//	                     not failing, and                            unless failback
//	                     one that can be asked                       is Manual
//	up, or not judged    otherwise               any                 as before
//	not up               up, and outlives the published one          that one, the
//	                                                                 best of several
//	not up               not up either, or not proven to be          as before
//
// A tier is up when minimumReady of its endpoints are. A name that is published as a
// CNAME, and that nobody can look up, counts as not judged. An endpoint outlives another
// one if it has answered since that one fell silent, and that one has failed since it
// answers: this tells a dead tier from a prober that has lost its network, and from
// one that has just got it back. What is missing for the proof is asked at once. A pin
// goes before all that.
//
// Third, which endpoints of it are ready? Those that are up. One that is down is
// not, once another one outlives it; while none is up, the
// last ones stay, or with whenAllDown Withdraw none. One that was never judged is
// as it was before, or else ready if none is up. Where the probe asks for the
// primary of a database, one endpoint at most is ready.
//
// Fourth, it is put in words.
//
// A target that is refused publishes nothing. That the service is refused changes
// nothing but the condition Accepted: it is decided from what it still has.
func Decide(in Input) model.Decision {
	d := model.Decision{Settled: true}
	places := locate(in, &d)
	held := former(in, &d, places)
	judge(in, &d, places)
	choose(in, &d, places)
	publish(in, &d, places)
	remember(in, &d, places, held)
	explain(in, &d, places)
	return d
}

// watched reports whether the endpoints of a service are probed.
func watched(s *model.Service) bool { return s.Probe != nil }
