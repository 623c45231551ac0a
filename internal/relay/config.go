package relay

import (
	"cmp"
	"math/rand/v2"
	"time"
)

// Config tunes a [Relay]. The zero value is ready to use; zero fields take the
// default that each comment names.
type Config struct {
	Hooks Hooks
	// Materials are where the certificates are that specs name. Nil: there are none.
	Materials Materials

	// ConnectTimeout bounds the connect to one endpoint. 3 s.
	ConnectTimeout time.Duration
	// PingTimeout is how long an HTTP/2 connection to an endpoint may say nothing before
	// it is asked for a sign of life, and how long that may take. 15 s.
	PingTimeout time.Duration
	// ConnectDelay is how long a connect may take before the next endpoint is
	// tried beside it; the first to connect wins. 250 ms, as RFC 8305 advises.
	ConnectDelay time.Duration
	// HoldOff is how long an endpoint that did not take a connection is tried
	// after all others. Then a single client tries it first. 5 s.
	HoldOff time.Duration

	// HelloTimeout bounds what a client says before the relay knows what it wants: a TLS
	// handshake, the head of a request. 10 s.
	HelloTimeout time.Duration

	// IdleTimeout ends a TCP connection over which nothing moved for so long, in
	// either direction, or one of whose peers has taken nothing of what waits
	// for it. 24 h, as kube-proxy's conntrack-tcp-timeout-established.
	IdleTimeout time.Duration
	// HalfClosedTimeout is IdleTimeout once one direction has ended. 1 h, as
	// kube-proxy's conntrack-tcp-timeout-close-wait.
	HalfClosedTimeout time.Duration
	// DrainTimeout bounds how long Close waits for connections to end. 10 s;
	// negative does not wait.
	DrainTimeout time.Duration

	// UDPTimeout ends a UDP session without datagrams. 30 s, as conntrack's
	// nf_conntrack_udp_timeout.
	UDPTimeout time.Duration
	// UDPStreamTimeout is UDPTimeout for a session whose client still sends two
	// seconds after it was answered first. 120 s, as conntrack's
	// nf_conntrack_udp_timeout_stream.
	UDPStreamTimeout time.Duration
	// MaxSessions bounds the UDP sessions of one listener, which has one socket
	// for each; the one that was idle longest makes room. 4096.
	MaxSessions int
	// MaxAffinity bounds the clients that one listener remembers for
	// sessionAffinity; one of those seen longest ago makes room. 65536.
	MaxAffinity int

	// Now is the clock of timeouts. time.Now.
	Now func() time.Time
	// Rand says where round robin starts. math/rand/v2's Uint64.
	Rand func() uint64

	// maxPipes bounds the pipes for splice, which are held only while bytes
	// move or while a slow reader leaves them full.
	maxPipes int
}

func (c Config) withDefaults() Config {
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 3*time.Second)
	c.PingTimeout = cmp.Or(c.PingTimeout, 15*time.Second)
	c.ConnectDelay = cmp.Or(c.ConnectDelay, 250*time.Millisecond)
	c.HoldOff = cmp.Or(c.HoldOff, 5*time.Second)
	c.HelloTimeout = cmp.Or(c.HelloTimeout, 10*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 24*time.Hour)
	c.HalfClosedTimeout = cmp.Or(c.HalfClosedTimeout, time.Hour)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 10*time.Second)
	c.UDPTimeout = cmp.Or(c.UDPTimeout, 30*time.Second)
	c.UDPStreamTimeout = cmp.Or(c.UDPStreamTimeout, 120*time.Second)
	c.MaxSessions = cmp.Or(c.MaxSessions, 4096)
	c.MaxAffinity = cmp.Or(c.MaxAffinity, 1<<16)
	c.maxPipes = cmp.Or(c.maxPipes, 64)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Uint64
	}
	return c
}
