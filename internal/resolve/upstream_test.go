package resolve_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/resolve"
)

const dbRecord = "db.example.com. 30 IN A 10.0.1.25"

func upstream(stagger, timeout time.Duration, servers ...*server) *resolve.Client {
	var addrs []netip.AddrPort
	for _, s := range servers {
		addrs = append(addrs, s.addr)
	}
	return &resolve.Client{Upstream: resolve.NewUpstream(addrs, stagger, timeout), Now: time.Now}
}

func ask(t *testing.T, c *resolve.Client) model.Observation {
	t.Helper()
	return c.Lookup(t.Context(), model.Question{Name: "db.example.com", Type: model.A})
}

// refusing is an address where nothing listens.
func refusing(t *testing.T) *server {
	t.Helper()
	packets, listener := bothProtocols(t)
	packets.Close()
	listener.Close()
	return &server{addr: netip.MustParseAddrPort(packets.LocalAddr().String())}
}

// TestAGoodServerBehindBadOnes: it is asked in the same exchange, and first in the
// next ones.
func TestAGoodServerBehindBadOnes(t *testing.T) {
	for name, bad := range map[string]func() []*server{
		"two silent":           func() []*server { return []*server{serve(t, silence), serve(t, silence)} },
		"silent and refusing":  func() []*server { return []*server{serve(t, silence), refusing(t)} },
		"SERVFAIL and silent":  func() []*server { return []*server{serve(t, rcode(dns.RcodeServerFailure)), serve(t, silence)} },
		"REFUSED and refusing": func() []*server { return []*server{serve(t, rcode(dns.RcodeRefused)), refusing(t)} },
		"five that are silent": func() []*server {
			return []*server{serve(t, silence), serve(t, silence), serve(t, silence), serve(t, silence), serve(t, silence)}
		},
		"one that is truncated": func() []*server { return []*server{truncating(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			bads, good := bad(), serve(t, zone(dbRecord))
			c := upstream(300*time.Millisecond, 20*time.Second, append(bads, good)...)
			isTruth(t, ask(t, c))
			var before int32
			for _, s := range bads {
				before += s.queries.Load()
			}
			for range 10 {
				isTruth(t, ask(t, c))
			}
			for _, s := range bads {
				before -= s.queries.Load()
			}
			if n := -before; n >= 10 { // fewer may be chance on a machine that is busy
				t.Errorf("the bad servers had %d of the queries of 10 lookups", n)
			}
		})
	}
}

// truncating answers in part by UDP and not at all by TCP.
func truncating(t *testing.T) *server {
	t.Helper()
	return lie(t, func(q *dns.Msg) []said { return []said{{wire: forged(func(r *dns.Msg) { r.Truncated = true })(q)}} }, nil)
}

// TestTheOrderOfServers: it is that of the list as long as they are quick. One that
// becomes slow, or falls silent, is not asked first any more, and again some time.
func TestTheOrderOfServers(t *testing.T) {
	const stagger = 4 * time.Second // so that no busy machine looks like a slow server
	for name, worse := range map[string]func(q *dns.Msg) *dns.Msg{
		"slow":   func(q *dns.Msg) *dns.Msg { time.Sleep(stagger / 2); return zone(dbRecord)(q, false) },
		"silent": func(*dns.Msg) *dns.Msg { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var bad atomic.Bool
			first := serve(t, func(q *dns.Msg, tcp bool) *dns.Msg {
				if bad.Load() {
					return worse(q)
				}
				return zone(dbRecord)(q, tcp)
			})
			second := serve(t, zone(dbRecord))
			c := upstream(stagger, time.Minute, first, second)
			asked := func(n int) (int32, int32) {
				a, b := first.queries.Load(), second.queries.Load()
				for range n {
					isTruth(t, ask(t, c))
				}
				return first.queries.Load() - a, second.queries.Load() - b
			}
			if a, b := asked(20); a < 20 || b > 2 { // one may be slow by chance
				t.Errorf("the first was asked %d times and the second %d times, want the first alone", a, b)
			}
			bad.Store(true)
			asked(2)
			if a, b := asked(20); a > 2 || b < 18 {
				t.Errorf("it was asked %d times while it was %s, the second one %d times", a, name, b)
			}
			bad.Store(false)
			for range 1000 {
				if a, _ := asked(1); a > 0 {
					break
				}
			}
			if a, _ := asked(5); a == 0 {
				t.Error("it is never asked first again, although it is quick again")
			}
		})
	}
}

// TestAServerThatComesBack is noticed in the same exchange, with one query that is
// repeated: by a server that was silent, and by one that failed beside a silent one.
func TestAServerThatComesBack(t *testing.T) {
	good := zone(dbRecord)
	after := func(n int32, before func(*dns.Msg, bool) *dns.Msg) (*server, func() []uint16) {
		var count atomic.Int32
		var mu sync.Mutex
		var ids []uint16
		s := serve(t, func(q *dns.Msg, tcp bool) *dns.Msg {
			mu.Lock()
			ids = append(ids, q.Id)
			mu.Unlock()
			if count.Add(1) <= n {
				return before(q, tcp)
			}
			return good(q, tcp)
		})
		return s, func() []uint16 { mu.Lock(); defer mu.Unlock(); return ids }
	}
	t.Run("silence", func(t *testing.T) {
		s, ids := after(10, silence)
		isTruth(t, ask(t, upstream(20*time.Millisecond, 20*time.Second, s)))
		for _, id := range ids() {
			if id != ids()[0] {
				t.Fatalf("the queries had the IDs %v, want one that is repeated", ids())
			}
		}
	})
	t.Run("SERVFAIL", func(t *testing.T) {
		s, _ := after(3, rcode(dns.RcodeServerFailure))
		isTruth(t, ask(t, upstream(20*time.Millisecond, 20*time.Second, s, serve(t, silence))))
	})
}

// TestTwiceAndLate: a reply that comes twice, or to the first of several queries, is
// taken once, and does not answer the next question.
func TestTwiceAndLate(t *testing.T) {
	t.Run("twice", func(t *testing.T) {
		var n atomic.Int32
		s := lie(t, func(q *dns.Msg) []said {
			d := said{wire: reply(fmt.Sprint("10.0.1.", n.Add(1)), nil)(q)}
			return []said{d, d, d}
		}, nil)
		c := upstream(0, 0, s)
		for i := range 5 {
			if o := ask(t, c); len(o.Addrs) != 1 || o.Addrs[0].String() != fmt.Sprint("10.0.1.", i+1) {
				t.Errorf("lookup %d: got %s %v (%s)", i+1, o.Class, o.Addrs, o.Detail)
			}
		}
	})
	t.Run("late", func(t *testing.T) {
		var held *dns.Msg
		s := lie(t, func(q *dns.Msg) []said {
			if held == nil { // says nothing yet
				held = q
				return nil
			}
			return []said{{wire: reply("10.0.1.25", nil)(held)}}
		}, nil)
		isTruth(t, ask(t, upstream(20*time.Millisecond, 20*time.Second, s)))
	})
	t.Run("later than the lookup", func(t *testing.T) {
		var held *dns.Msg
		s := lie(t, func(q *dns.Msg) []said {
			if held == nil {
				held = q
			}
			if held.Id == q.Id {
				return nil
			}
			// To the socket of now come the old reply and the new one.
			return []said{{wire: forged(nil)(held)}, {wire: reply("10.0.1.25", nil)(q)}}
		}, nil)
		if o := ask(t, upstream(20*time.Millisecond, 50*time.Millisecond, s)); o.Class != model.Timeout {
			t.Errorf("got %s (%s), want Timeout", o.Class, o.Detail)
		}
		isTruth(t, ask(t, upstream(0, 20*time.Second, s)))
	})
}
