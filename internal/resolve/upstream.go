package resolve

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// The defaults of an [Upstream]: a resolver that has to walk the tree answers
// within DefaultStagger nearly always, and a stub resolver asks its next server
// after 5 s, so everything ends before that.
const (
	DefaultStagger = 800 * time.Millisecond
	DefaultTimeout = 4 * time.Second
)

// ErrNoServers means that there is no outside server to ask.
var ErrNoServers = errors.New("no outside DNS server is known: name one with --upstream or in /etc/resolv.conf")

// Upstream is a set of equivalent recursive servers. It is safe for concurrent use.
type Upstream struct {
	servers []netip.AddrPort
	stagger time.Duration
	timeout time.Duration
	ranking ranking
}

// NewUpstream returns an upstream of these servers, asked in this order, those last
// that were slow or failed: the next one begins when the one before has failed, or
// has been silent for stagger. After the last one it is the first one's turn again.
// Everything ends after timeout. Zero durations take the defaults.
func NewUpstream(servers []netip.AddrPort, stagger, timeout time.Duration) *Upstream {
	if stagger == 0 {
		stagger = DefaultStagger
	}
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	return &Upstream{servers: servers, stagger: stagger, timeout: timeout, ranking: newRanking(len(servers), stagger/4)}
}

// Servers returns the servers in their order.
func (u *Upstream) Servers() []netip.AddrPort { return u.servers }

// Exchange sends q and returns the first whole reply that says something: NOERROR or
// NXDOMAIN. If no server gives one, it returns the best of the others, one that is cut
// short before SERVFAIL and REFUSED, those before an error. q is not changed, and the
// reply carries q's ID.
func (u *Upstream) Exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	if len(u.servers) == 0 {
		return nil, ErrNoServers
	}
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	r := round{
		u: u, q: q, order: u.ranking.order(),
		talks: make([]*talk, len(u.servers)), replies: make(chan reply),
	}
	best := r.run(ctx)
	return best.msg, best.err
}

// round is one exchange: its turns go round the servers until one has said something.
type round struct {
	u     *Upstream
	q     *dns.Msg
	order []int
	turns int
	// talks are those under way, by server; nil where there is none.
	talks   []*talk
	open    int
	replies chan reply
}

// run returns the best reply. It waits for all talks to end if none says anything.
func (r *round) run(ctx context.Context) (best reply) {
	over := make(chan struct{})
	defer close(over)
	defer r.passOver()
	r.turn(ctx, over)
	stagger := time.NewTicker(r.u.stagger)
	defer stagger.Stop()
	for r.open > 0 {
		select {
		case <-stagger.C:
			if ctx.Err() == nil {
				r.turn(ctx, over)
			}
		case got := <-r.replies:
			r.end(got)
			if got.worth() == useful {
				return got
			}
			if best.worth() < got.worth() {
				best = got
			}
			// The same server is not asked again at once: a refusal stands.
			if r.turns < len(r.order) && ctx.Err() == nil {
				r.turn(ctx, over)
				stagger.Reset(r.u.stagger)
			}
		}
	}
	return best
}

// turn asks the next server, or asks it once more.
func (r *round) turn(ctx context.Context, over <-chan struct{}) {
	server := r.order[r.turns%len(r.order)]
	r.turns++
	if t := r.talks[server]; t != nil {
		t.repeat()
		return
	}
	t := &talk{began: time.Now()}
	r.talks[server] = t
	r.open++
	go func() {
		msg, err := t.ask(ctx, r.u.servers[server], r.q)
		select {
		case r.replies <- reply{msg, err, server}:
		case <-over:
		}
	}()
}

// end notes how a talk has ended.
func (r *round) end(got reply) {
	took := time.Since(r.talks[got.server].began)
	if got.worth() != useful {
		took = max(took, r.u.timeout)
	}
	r.u.ranking.note(got.server, took)
	r.talks[got.server] = nil
	r.open--
}

// passOver notes how long the servers were silent that are not waited for.
func (r *round) passOver() {
	for server, t := range r.talks {
		if t != nil {
			r.u.ranking.passedOver(server, time.Since(t.began))
		}
	}
}

// reply is how a talk with one server has ended.
type reply struct {
	msg    *dns.Msg
	err    error
	server int
}

// What replies are worth, ascending.
const (
	nothing = iota
	failed
	unhelpful
	incomplete
	useful
)

func (r reply) worth() int {
	switch {
	case r.msg == nil && r.err == nil:
		return nothing
	case r.err != nil:
		return failed
	case r.msg.Rcode != dns.RcodeSuccess && r.msg.Rcode != dns.RcodeNameError:
		return unhelpful
	case r.msg.Truncated:
		return incomplete
	}
	return useful
}
