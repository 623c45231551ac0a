package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

const (
	// maxAliases is how many CNAMEs are followed, as BIND and CoreDNS do.
	maxAliases = 10
	// lookupTimeout is how long it may take to follow them, where each one has to be
	// asked for.
	lookupTimeout = 2 * DefaultTimeout
)

// Exchanger sends a DNS message to the outside and returns the reply.
type Exchanger interface {
	Exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error)
}

// Client looks names up. It is safe for concurrent use.
type Client struct {
	Upstream Exchanger
	// Now is the clock.
	Now func() time.Time
	// Looked, if set, is told of every lookup.
	Looked func(q model.Question, class model.Class, took time.Duration)
}

// Lookup asks one question and follows CNAMEs to the end of their chain. It
// does not fail: what goes wrong is the observation's class.
func (c *Client) Lookup(ctx context.Context, q model.Question) model.Observation {
	began := c.Now()
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	o := c.lookup(ctx, q)
	o.Question, o.At = q, c.Now()
	if c.Looked != nil {
		c.Looked(q, o.Class, o.At.Sub(began))
	}
	return o
}

func (c *Client) lookup(ctx context.Context, q model.Question) model.Observation {
	w := walk{name: dns.Fqdn(q.Name), qtype: qtype(q.Type), ttl: 1<<31 - 1}
	for range maxAliases + 1 {
		query := new(dns.Msg).SetQuestion(w.name, w.qtype)
		msg, err := c.Upstream.Exchange(ctx, query)
		if err != nil {
			return failure(err)
		}
		if msg.Rcode != dns.RcodeSuccess && msg.Rcode != dns.RcodeNameError {
			return refusal(msg.Rcode)
		}
		if msg.Truncated {
			return broken("%s: the answer is cut short or damaged, and TCP gets no further", q.Name)
		}
		if err := w.take(msg); err != nil {
			return broken("%s: %w", q.Name, err)
		}
		if o, done := w.observation(msg); done {
			return o
		}
	}
	return broken("more than %d CNAMEs follow one another from %s", maxAliases, q.Name)
}

func qtype(t model.RecordType) uint16 { return dns.StringToType[string(t)] }

func broken(format string, args ...any) model.Observation {
	return model.Observation{Class: model.Broken, Detail: fmt.Errorf(format, args...).Error()}
}

func refusal(rcode int) model.Observation {
	text := dns.RcodeToString[rcode]
	switch rcode {
	case dns.RcodeServerFailure:
		return model.Observation{Class: model.ServerFailure, Detail: "the DNS server answers " + text}
	case dns.RcodeRefused:
		return model.Observation{Class: model.Refused, Detail: "the DNS server answers " + text}
	}
	return model.Observation{Class: model.Broken, Detail: "the DNS server answers " + text}
}

// failure tells silence and unreachable servers, which pass, from replies that
// make no sense.
func failure(err error) model.Observation {
	o := model.Observation{Class: model.Broken, Detail: err.Error()}
	var op *net.OpError
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, ErrNoServers) || errors.As(err, &op) {
		o.Class = model.Timeout
	}
	if o.Class == model.Timeout && errors.Is(err, context.DeadlineExceeded) {
		o.Detail = "no DNS server answers in time"
	}
	return o
}

// walk follows one name through the CNAMEs of one or more replies.
type walk struct {
	name    string
	qtype   uint16
	ttl     uint32
	aliases []model.Alias
	addrs   []netip.Addr
	hosts   []model.Host
}

// take reads the answer section: the CNAMEs that lead away from the name, in
// whatever order they stand, then the records at their end.
func (w *walk) take(msg *dns.Msg) error {
	for range len(msg.Answer) {
		alias := w.alias(msg.Answer)
		if alias == nil {
			break
		}
		if len(w.aliases) == maxAliases {
			return fmt.Errorf("more than %d CNAMEs follow one another", maxAliases)
		}
		w.aliases = append(w.aliases, model.Alias{
			Name: trim(alias.Hdr.Name), Target: trim(alias.Target), TTL: seconds(held(alias.Hdr.Ttl)),
		})
		w.ttl = min(w.ttl, held(alias.Hdr.Ttl))
		w.name = strings.ToLower(alias.Target)
		if slices.ContainsFunc(w.aliases, func(a model.Alias) bool { return strings.EqualFold(a.Name, trim(w.name)) }) {
			return fmt.Errorf("its CNAMEs form a loop at %s", trim(w.name))
		}
	}
	for _, rr := range msg.Answer {
		if rr.Header().Rrtype != w.qtype || !strings.EqualFold(rr.Header().Name, w.name) {
			continue
		}
		w.ttl = min(w.ttl, held(rr.Header().Ttl))
		w.add(rr)
	}
	return nil
}

func (w *walk) alias(answer []dns.RR) *dns.CNAME {
	for _, rr := range answer {
		if c, ok := rr.(*dns.CNAME); ok && strings.EqualFold(c.Hdr.Name, w.name) {
			return c
		}
	}
	return nil
}

func (w *walk) add(rr dns.RR) {
	switch rr := rr.(type) {
	case *dns.A:
		if a, ok := netip.AddrFromSlice(rr.A.To4()); ok {
			w.addrs = append(w.addrs, a)
		}
	case *dns.AAAA:
		if a, ok := netip.AddrFromSlice(rr.AAAA.To16()); ok {
			w.addrs = append(w.addrs, a.Unmap())
		}
	case *dns.SRV:
		if rr.Target == "." { // RFC 2782: decidedly not available
			return
		}
		w.hosts = append(w.hosts, model.Host{
			Name: strings.ToLower(trim(rr.Target)), Port: rr.Port, Priority: rr.Priority, Weight: rr.Weight,
		})
	}
}

// observation is the end of the walk, if msg ends it. A server that gives a
// CNAME without what is behind it is asked for that next.
func (w *walk) observation(msg *dns.Msg) (model.Observation, bool) {
	o := model.Observation{Class: model.Answered, TTL: seconds(w.ttl), Aliases: w.aliases, Addrs: w.addrs, Hosts: w.hosts}
	if len(w.addrs)+len(w.hosts) > 0 {
		return o, true
	}
	negative, known := negativeTTL(msg.Ns)
	chased := len(msg.Question) > 0 && !strings.EqualFold(msg.Question[0].Name, w.name)
	switch {
	case msg.Rcode == dns.RcodeNameError:
		o.Class, o.Detail = model.NotFound, trim(w.name)+" does not exist (NXDOMAIN)"
	case chased && !known:
		return o, false
	default:
		o.Class, o.Detail = model.Empty, trim(w.name)+" has no "+dns.TypeToString[w.qtype]+" records"
	}
	if !known {
		negative = unknownNegativeTTL
	}
	o.TTL = min(o.TTL, seconds(negative))
	return o, true
}

// unknownNegativeTTL is how many seconds a negative answer holds that says nothing
// of it: many servers send no SOA, and nearly every name lacks AAAA records.
const unknownNegativeTTL = 10

// negativeTTL is how long "there is none" holds: the smaller of the SOA's TTL
// and its last field (RFC 2308 section 5), 0 where there is no SOA.
func negativeTTL(authority []dns.RR) (ttl uint32, known bool) {
	for _, rr := range authority {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(held(soa.Hdr.Ttl), held(soa.Minttl)), true
		}
	}
	return 0, false
}

// held is how long a record says that it holds: one whose TTL has the highest bit set
// does not (RFC 2181 section 8).
func held(ttl uint32) uint32 {
	if ttl > 1<<31-1 {
		return 0
	}
	return ttl
}

func trim(name string) string { return strings.TrimSuffix(name, ".") }

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }
