// Package trouble tells people what goes wrong with the connections of a relay, where it
// takes a person to mend it: somebody is not trusted, a client does not come to terms, a
// bound is met, a spec cannot be carried out. The same is told once in a while only.
//
// It counts nothing, decides nothing, and does not tell what is down: that is told by who
// probes. Where a trouble is told is up to who makes a [Teller].
package trouble

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

const (
	// tellAgain is after how long the same trouble is told again.
	tellAgain = 5 * time.Minute
	// maxTold bounds what is remembered of it.
	maxTold = 10_000
)

// The reasons beside those of trust.Failure.
const (
	// ClientFailed: a client did not come to terms with the relay.
	ClientFailed = "ClientHandshakeFailed"
	// TooManyConnections: a service has as many clients as its maxConnections.
	TooManyConnections = "TooManyConnections"
)

// Trouble is what is told.
type Trouble struct {
	Key model.Key
	// Reason is one word in CamelCase.
	Reason string
	// Message is for a person.
	Message string
}

// Teller tells troubles, each once in five minutes. Make one with [New]. Its methods may
// be called concurrently, and have the shape of the relay's hooks.
type Teller struct {
	tell func(Trouble)
	now  func() time.Time

	mu   sync.Mutex
	told map[subject]time.Time
}

// subject is what makes two troubles the same.
type subject struct {
	key    model.Key
	reason string
	// about is the endpoint or whatever else makes a difference, or empty.
	about string
}

// New returns a Teller. It calls tell on the goroutine that meets the trouble, so tell
// must be quick.
func New(now func() time.Time, tell func(Trouble)) *Teller {
	return &Teller{tell: tell, now: now, told: make(map[subject]time.Time)}
}

// ConnectFailed tells that an endpoint did not take a connection, if a person has to look
// at it: it is not trusted, or what the spec names is not there.
func (t *Teller) ConnectFailed(key model.Key, _ model.Port, endpoint netip.AddrPort, err error) {
	var f *trust.Failure
	if errors.As(err, &f) {
		t.meet(subject{key, f.Reason, endpoint.String()}, endpoint.String()+" "+f.Says)
	}
}

// ClientFailed tells that a client did not come to terms with the relay.
func (t *Teller) ClientFailed(key model.Key, port model.Port, err error) {
	t.meet(subject{key, ClientFailed, port.String()}, "port "+port.String()+": "+err.Error())
}

// Overflowed tells that a service has as many clients as it may.
func (t *Teller) Overflowed(key model.Key, port model.Port) {
	t.meet(subject{key, TooManyConnections, ""}, "port "+port.String()+": a client was turned away, since there are as many as the gateway's maxConnections")
}

// Faults tells what the relay could not do.
func (t *Teller) Faults(all []model.Fault) {
	for _, f := range all {
		t.meet(subject{f.Key, f.Reason, ""}, f.Message)
	}
}

// Tell tells what is wrong with a service itself, its spec, say.
func (t *Teller) Tell(about Trouble) {
	t.meet(subject{about.Key, about.Reason, about.Message}, about.Message)
}

func (t *Teller) meet(what subject, message string) {
	if !t.first(what) {
		return
	}
	t.tell(Trouble{Key: what.key, Reason: what.reason, Message: message})
}

// first reports whether it was not told lately, and takes it as told.
func (t *Teller) first(what subject) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if at, told := t.told[what]; told && now.Sub(at) < tellAgain {
		return false
	}
	if len(t.told) >= maxTold {
		clear(t.told)
	}
	t.told[what] = now
	return true
}
