package failover

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// finding is what is known about a name.
type finding struct {
	addrs   []netip.Addr
	hosts   []model.Host
	a, aaaa model.Resolved
	at      time.Time
	// standing stays published since nothing valid is known.
	standing        []model.Endpoint
	reason, message string
	// looking says that the first lookup of a family is under way, unsure that nothing
	// is known of one, not even that it has no records.
	looking, unsure bool
	// bare is the message without what stays.
	bare string
	// gone says of which families it is believed that the name has lost its records.
	gone families
}

// families are none, one or both of IPv4 and IPv6.
type families struct{ v4, v6 bool }

func (f families) of(a netip.Addr) bool { return is4(a) && f.v4 || !is4(a) && f.v6 }

func (f families) and(o families) families { return families{f.v4 || o.v4, f.v6 || o.v6} }

// host looks both address families of a name up. The standing endpoints are
// those that the name may have given before.
func (r *resolver) host(name string, standing []model.Endpoint) finding {
	a := r.ask(model.Question{Name: normal(name), Type: model.A}, ofFamily(standing, model.A))
	aaaa := r.ask(model.Question{Name: normal(name), Type: model.AAAA}, ofFamily(standing, model.AAAA))
	r.letGo(&a, &aaaa)
	r.letGo(&aaaa, &a)
	r.await(&a, &aaaa, ofFamily(standing, model.A))
	r.await(&aaaa, &a, ofFamily(standing, model.AAAA))
	f := worse(a, aaaa)
	f.looking = a.reason == ReasonPending || aaaa.reason == ReasonPending
	f.unsure = a.unsure || aaaa.unsure
	f.addrs = append(sorted(a.addrs), sorted(aaaa.addrs)...)
	f.standing = slices.Concat(a.standing, aaaa.standing)
	f.a, f.aaaa, f.at, f.gone = a.a, aaaa.a, a.at, a.gone.and(aaaa.gone)
	if aaaa.at.After(a.at) {
		f.at = aaaa.at
	}
	return f
}

// letGo drops, after an edit, what stood of the one family once the new name
// answers with the other, unless the one is being looked up: traffic would
// otherwise stay with the old name's addresses, for missingGrace, or for ever where
// a server fails for records that it does not have.
func (r *resolver) letGo(one, other *finding) {
	if r.in.StandingSince.IsZero() || len(other.addrs) == 0 || len(one.addrs) > 0 || one.reason == ReasonPending {
		return
	}
	one.standing, one.message = nil, one.bare
	if one.reason == ReasonMissing {
		one.reason = ReasonNoAddresses
	}
}

// await keeps what stood of a family of which nothing can be published while the other
// one is looked up for the first time: the service would be empty for as long as that
// takes.
func (r *resolver) await(one, other *finding, standing []model.Endpoint) {
	allowed := func(a netip.Addr) bool { return r.in.Forbidden.why(a) == "" }
	if other.reason != ReasonPending || len(standing) == 0 || len(one.standing) > 0 || slices.ContainsFunc(one.addrs, allowed) {
		return
	}
	one.standing = standing
	one.message += "; the addresses from before stay until the name is looked up"
	if one.reason == ReasonNotFound || one.reason == ReasonNoAddresses {
		one.reason = ReasonMissing
	}
}

// worse returns the finding whose reason says more about the name. One family
// without records is how most names are; it matters only when neither has any.
func worse(a, aaaa finding) finding {
	switch {
	case !a.gives() && !aaaa.gives() && a.reason == ReasonPending:
		return a
	case !a.gives() && !aaaa.gives() && aaaa.reason == ReasonPending:
		return aaaa
	case aaaa.gives() && a.harmless():
		return aaaa
	case a.gives() && aaaa.harmless(), rank(a.reason) >= rank(aaaa.reason):
		return a
	}
	return aaaa
}

// gives reports whether something is published of the finding.
func (f *finding) gives() bool { return len(f.addrs)+len(f.standing) > 0 }

// harmless reports whether the finding is no trouble beside one that gives.
func (f *finding) harmless() bool {
	return !f.gives() && (f.reason == ReasonNotFound || f.reason == ReasonNoAddresses || f.reason == ReasonPending)
}

// ask applies the table of [Decide] to one question. The standing endpoints are
// those that its answer may have given before.
func (r *resolver) ask(q model.Question, standing []model.Endpoint) finding {
	r.decision.Questions = append(r.decision.Questions, q)
	answer, ok := r.in.Answer(q)
	if !ok {
		return r.keep(finding{reason: ReasonPending, message: q.Name + " is being looked up", unsure: true}, answer, standing)
	}
	f := finding{at: answer.Good.At}
	switch last := answer.Last; {
	case last.Class == model.Answered:
		f.reason, f.message = ReasonResolved, q.Name+" is resolved"
	case last.Class.Failed():
		f.reason, f.message = ReasonLookupFailed, q.Name+": "+last.Detail
	default:
		f.reason, f.message = missing(q, last.Class)
	}
	expires := answer.MissingSince.Add(r.in.Service.Resolution.MissingGrace)
	believed := answer.Missing(r.in.Service.Resolution.MissingGrace)
	f.unsure = answer.Good.At.IsZero() && !believed
	if believed {
		f.gone = families{v4: q.Type != model.AAAA, v6: q.Type != model.A}
	}
	if !answer.Good.At.IsZero() && !believed {
		return r.lastGood(f, answer, expires)
	}
	switch last := answer.Last; {
	case !last.Class.Failed():
		f.a = model.Resolved{Known: true, Aliases: last.Aliases, At: last.At, TTL: last.TTL}
	case believed: // a failure says nothing, so it brings nothing back
		f.a = model.Resolved{Known: true, At: last.At}
	}
	return r.keep(f, answer, standing)
}

// lastGood gives the last good answer, which holds until expires if the name has
// lost its records.
func (r *resolver) lastGood(f finding, answer model.Answer, expires time.Time) finding {
	good := answer.Good
	f.addrs, f.hosts = good.Addrs, good.Hosts
	f.a = model.Resolved{Known: true, Aliases: good.Aliases, Addrs: good.Addrs, At: good.At, TTL: good.TTL}
	if !answer.MissingSince.IsZero() && expires.After(r.in.Now) {
		lookAgain(r.decision, expires)
	}
	switch {
	case answer.Last.Class == model.Answered:
	case answer.Last.Class.Failed():
		f.message += "; the addresses of " + instant(good.At) + " stay"
	default:
		f.reason = ReasonMissing
		f.message += "; its last addresses stay until " + instant(expires)
	}
	return f
}

// keep gives what stood before the answer, which is not a good one. That a name
// does not exist is believed when it has been said for missingGrace, and as long
// after an edit that leads to a name which others know to be gone.
func (r *resolver) keep(f finding, answer model.Answer, standing []model.Endpoint) finding {
	if len(standing) == 0 {
		return f
	}
	until := ""
	if !answer.MissingSince.IsZero() {
		grace := r.in.Service.Resolution.MissingGrace
		switch expires := latest(answer.MissingSince, r.in.StandingSince).Add(grace); {
		case expires.After(r.in.Now):
			lookAgain(r.decision, expires)
			until = " until " + instant(expires)
		case answer.Missing(grace):
			return f
		}
	}
	if f.reason == ReasonNotFound || f.reason == ReasonNoAddresses {
		f.reason = ReasonMissing
	}
	f.bare = f.message
	f.message += "; the addresses from before stay" + until
	f.standing = standing
	return f
}

func missing(q model.Question, c model.Class) (reason, message string) {
	if c == model.NotFound {
		return ReasonNotFound, q.Name + " does not exist (NXDOMAIN)"
	}
	return ReasonNoAddresses, q.Name + " has no " + string(q.Type) + " records"
}

// sorted keeps a server's rotation of its records from looking like a change.
func sorted(addrs []netip.Addr) []netip.Addr {
	s := slices.Clone(addrs)
	slices.SortFunc(s, netip.Addr.Compare)
	return s
}

// instant is a time as messages have it.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func normal(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
