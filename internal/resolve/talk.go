package resolve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// talk is what is said to one server: a query by UDP, which may be repeated, and if
// need be others.
type talk struct {
	began time.Time
	mu    sync.Mutex
	again func()
}

// repeat sends the query once more, if the talk waits for a reply by UDP. It is the
// same one, from the same port: more of them would be more chances for a forger, and
// more work for a server that is slow (RFC 5452 section 5).
func (t *talk) repeat() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.again != nil {
		t.again()
	}
}

func (t *talk) repeatable(again func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.again = again
}

// ask asks a server, by UDP and then, if the answer is truncated or damaged, by TCP.
func (t *talk) ask(ctx context.Context, server netip.AddrPort, q *dns.Msg) (*dns.Msg, error) {
	edns := true
	msg, err := t.roundTrip(ctx, "udp", server, q, edns)
	if err == nil && (msg.Rcode == dns.RcodeFormatError || msg.Rcode == dns.RcodeNotImplemented) {
		// A server that knows no EDNS says so thus (RFC 6891 section 7).
		edns = false
		msg, err = t.roundTrip(ctx, "udp", server, q, edns)
	}
	if err == nil && msg.Truncated {
		// Where TCP does not get through, a part is better than nothing.
		if whole, err := t.roundTrip(ctx, "tcp", server, q, edns); err == nil {
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
// for a reply to just that (RFC 5452): others are passed over, and told of in the end
// if it does not come.
func (t *talk) roundTrip(ctx context.Context, network string, server netip.AddrPort, q *dns.Msg, edns bool) (*dns.Msg, error) {
	query := prepare(q, edns)
	wire, err := query.Pack()
	if err != nil {
		return nil, fmt.Errorf("cannot ask for %s: %w", q.Question[0].Name, err)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	read := datagrams(conn)
	if network == "tcp" {
		read = stream(conn)
		wire = slices.Concat(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire)
	}
	if _, err := conn.Write(wire); err != nil {
		return nil, err
	}
	if network == "udp" {
		t.repeatable(func() { _, _ = conn.Write(wire) }) // a query that is lost is UDP's business
		defer t.repeatable(nil)
	}
	var odd error
	for {
		reply, err := read()
		if err != nil && odd != nil {
			return nil, odd
		}
		if err != nil && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
		msg, err := parse(reply, query)
		if err == nil {
			return msg, nil
		}
		odd = err // garbage or a forgery: the real reply may still come
	}
}

// advertised is the size of an answer by UDP that servers are told of, the largest
// that no path fragments (RFC 6891, DNS flag day 2020).
const advertised = 1232

// prepare returns the query as it is sent. EDNS0 makes room for large answers.
func prepare(q *dns.Msg, edns bool) *dns.Msg {
	query := q.Copy()
	query.Id = dns.Id()
	switch o := query.IsEdns0(); {
	case !edns:
		query.Extra = slices.DeleteFunc(query.Extra, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeOPT })
	case o != nil:
		o.SetUDPSize(advertised)
	default:
		query.SetEdns0(advertised, false)
	}
	return query
}
