package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// The defaults of an [Upstream]: a resolver that has to walk the tree answers
// within DefaultStagger nearly always, and a stub resolver asks its next server
// after 5 s, so all attempts end before that.
const (
	DefaultStagger = 800 * time.Millisecond
	DefaultTimeout = 4 * time.Second
	minAttempts    = 3
)

// ErrNoServers means that there is no outside server to ask.
var ErrNoServers = errors.New("no outside DNS server is known: name one with --upstream or in /etc/resolv.conf")

// Upstream is a set of equivalent recursive servers. It is safe for concurrent use.
type Upstream struct {
	servers []netip.AddrPort
	stagger time.Duration
	timeout time.Duration
	// preferred is the index of the server that answered last.
	preferred atomic.Uint32
}

// NewUpstream returns an upstream of these servers, asked in this order: the
// next one begins when the one before has failed, or has been silent for
// stagger. Everything ends after timeout. Zero durations take the defaults.
func NewUpstream(servers []netip.AddrPort, stagger, timeout time.Duration) *Upstream {
	if stagger == 0 {
		stagger = DefaultStagger
	}
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	return &Upstream{servers: servers, stagger: stagger, timeout: timeout}
}

// Servers returns the servers in their order.
func (u *Upstream) Servers() []netip.AddrPort { return u.servers }

// reply is how one attempt ended.
type reply struct {
	msg    *dns.Msg
	err    error
	server int
}

// Exchange sends q and returns the first useful reply: NOERROR or NXDOMAIN. If
// no server gives one, it returns the best of the others, SERVFAIL and REFUSED
// before an error. q is not changed, and the reply carries q's ID.
func (u *Upstream) Exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	if len(u.servers) == 0 {
		return nil, ErrNoServers
	}
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()

	attempts := max(minAttempts, len(u.servers))
	replies := make(chan reply, attempts)
	first := int(u.preferred.Load())
	next := func(i int) {
		server := (first + i) % len(u.servers)
		go func() {
			msg, err := exchange(ctx, u.servers[server], q)
			replies <- reply{msg, err, server}
		}()
	}

	var worst reply
	stagger := time.NewTimer(u.stagger)
	defer stagger.Stop()
	next(0)
	started, ended := 1, 0
	for ended < attempts {
		select {
		case r := <-replies:
			ended++
			if useful(r) {
				u.preferred.Store(uint32(r.server))
				return r.msg, nil
			}
			worst = better(worst, r)
		case <-stagger.C:
		}
		if started == attempts || ctx.Err() != nil {
			if started == ended {
				break
			}
			continue
		}
		// The same server is not asked again at once: a refusal stands.
		if started >= len(u.servers) && ended == started && worst.err == nil {
			break
		}
		next(started)
		started++
		stagger.Reset(u.stagger)
	}
	if worst.msg != nil {
		return worst.msg, nil
	}
	if worst.err == nil {
		worst.err = ctx.Err()
	}
	return nil, worst.err
}

func useful(r reply) bool {
	return r.err == nil && (r.msg.Rcode == dns.RcodeSuccess || r.msg.Rcode == dns.RcodeNameError)
}

// better prefers a reply over an error, and the first of equals.
func better(a, b reply) reply {
	if a.msg != nil || (a.err != nil && b.msg == nil) {
		return a
	}
	return b
}

// exchange asks one server, by UDP and then, if the answer is truncated, by TCP.
func exchange(ctx context.Context, server netip.AddrPort, q *dns.Msg) (*dns.Msg, error) {
	msg, err := roundTrip(ctx, "udp", server, q, true)
	if err == nil && (msg.Rcode == dns.RcodeFormatError || msg.Rcode == dns.RcodeNotImplemented) {
		// A server that knows no EDNS says so thus (RFC 6891 section 7).
		msg, err = roundTrip(ctx, "udp", server, q, false)
	}
	if err == nil && msg.Truncated {
		// Where TCP does not get through, a part is better than nothing.
		if whole, err := roundTrip(ctx, "tcp", server, q, msg.IsEdns0() != nil); err == nil {
			msg = whole
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the DNS server %s: %w", server, plain(err))
	}
	msg.Id = q.Id
	return msg, nil
}

// plain takes the addresses out of a network error: the local port differs from
// one attempt to the next, and what people are told should not.
func plain(err error) error {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err
	}
	return &net.OpError{Op: op.Op, Net: op.Net, Err: op.Err}
}

// roundTrip sends one query from a port and with an ID of its own, and waits
// for a reply to just that (RFC 5452): others are passed over.
func roundTrip(ctx context.Context, network string, server netip.AddrPort, q *dns.Msg, edns bool) (*dns.Msg, error) {
	var d net.Dialer
	raw, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	query := q.Copy()
	query.Id = dns.Id()
	size := uint16(dns.MinMsgSize)
	if edns {
		size = advertise(query)
	} else {
		query.Extra = slices.DeleteFunc(query.Extra, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeOPT })
	}
	conn := &dns.Conn{Conn: raw, UDPSize: size}
	if err := conn.WriteMsg(query); err != nil {
		return nil, err
	}
	for {
		msg, err := conn.ReadMsg()
		if err != nil && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var netErr net.Error
		if err != nil && (network == "tcp" || errors.As(err, &netErr)) {
			return nil, err
		}
		if err != nil || !answers(msg, query) {
			continue // garbage or a forgery: the real reply may still come
		}
		return msg, nil
	}
}

// advertise makes room for large answers: EDNS0 with 1232 octets, the largest
// that no path fragments (RFC 6891, DNS flag day 2020).
func advertise(query *dns.Msg) uint16 {
	const size = 1232
	if o := query.IsEdns0(); o != nil {
		o.SetUDPSize(size)
		return size
	}
	query.SetEdns0(size, false)
	return size
}

// answers reports whether msg is a reply to query. A server that repeats no
// question has none that could differ.
func answers(msg, query *dns.Msg) bool {
	if !msg.Response || msg.Id != query.Id {
		return false
	}
	if len(msg.Question) == 0 {
		return msg.Rcode != dns.RcodeSuccess
	}
	m, q := msg.Question[0], query.Question[0]
	return m.Qtype == q.Qtype && m.Qclass == q.Qclass && strings.EqualFold(m.Name, q.Name)
}
