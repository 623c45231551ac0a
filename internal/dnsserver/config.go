package dnsserver

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// Forwarder asks the outside DNS. Exchange must return when ctx ends, must not
// keep or change q, and is called concurrently. An error becomes SERVFAIL.
type Forwarder interface {
	Exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error)
}

// Hooks are told what happens. Any of them may be nil; they are called on the
// path of the answer and must not block.
type Hooks struct {
	// Query is told of every reply: proto is "udp" or "tcp", source one of the
	// Source constants, qtype 0 if the query could not be read.
	Query func(proto string, qtype uint16, rcode int, source string, took time.Duration)
}

// The defaults of a [Config].
const (
	// DefaultForwards is how many forwarded questions may wait at a time.
	DefaultForwards = 1024
	// DefaultForwardTimeout ends a forwarded question. A stub resolver gives up
	// after 5 s.
	DefaultForwardTimeout = 5 * time.Second
	// DefaultConns is how many TCP connections may be open at a time.
	DefaultConns = 256
	// DefaultIdleTimeout closes a TCP connection that asks nothing, as CoreDNS does.
	DefaultIdleTimeout = 10 * time.Second
)

// Config is what a [Server] needs. Only Snapshot is required.
type Config struct {
	// Snapshot returns what to answer with. It is called for every query, so it
	// must be fast; equal pointers must mean equal content. While it returns
	// nil, the answer is SERVFAIL.
	Snapshot func() *model.Snapshot
	// Forwarder gets every question that is not the cluster's. Without one they
	// are refused.
	Forwarder Forwarder
	// TTL of the cluster's records, in whole seconds. Zero means [DefaultTTL].
	TTL time.Duration
	// Self are the addresses that the zone's NS records give for this server.
	// Nil means those that it listens on.
	Self []netip.Addr

	Hooks Hooks
	// Log gets what no client can be told. Nil means nothing is logged.
	Log *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	// Bounds; zero means the default. Forwarded questions above Forwards are
	// answered SERVFAIL at once, connections above Conns are closed at once.
	Forwards       int
	ForwardTimeout time.Duration
	Conns          int
	IdleTimeout    time.Duration
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Forwards == 0 {
		c.Forwards = DefaultForwards
	}
	if c.ForwardTimeout == 0 {
		c.ForwardTimeout = DefaultForwardTimeout
	}
	if c.Conns == 0 {
		c.Conns = DefaultConns
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = DefaultIdleTimeout
	}
	return c
}
