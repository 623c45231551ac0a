package resolve_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/resolve"
)

// chain is a zone in which n CNAMEs lead from db.example.com to an address.
func chain(n int) []string {
	var records []string
	from := "db.example.com."
	for i := range n {
		to := fmt.Sprintf("alias-%d.example.com.", i+1)
		records = append(records, from+" 30 IN CNAME "+to)
		from = to
	}
	return append(records, from+" 30 IN A 10.0.1.25")
}

// atOnce answers with all records of a zone, the last ones first.
func atOnce(records ...string) func(*dns.Msg, bool) *dns.Msg {
	return func(q *dns.Msg, _ bool) *dns.Msg {
		r := new(dns.Msg).SetReply(q)
		for _, line := range records {
			rr, err := dns.NewRR(line)
			if err != nil {
				panic(err)
			}
			r.Answer = append([]dns.RR{rr}, r.Answer...)
		}
		return r
	}
}

// TestChains: CNAMEs are followed to the limit, whether a server gives them one by
// one or all at once, and a loop has an end.
func TestChains(t *testing.T) {
	loop := []string{
		"db.example.com. 30 IN CNAME a.example.com.", "a.example.com. 30 IN CNAME b.example.com.", "B.example.com. 30 IN CNAME A.EXAMPLE.com.",
	}
	for name, tt := range map[string]struct {
		records []string
		aliases int // negative for none that is of use
	}{
		"none":       {chain(0), 0},
		"one":        {chain(1), 1},
		"the limit":  {chain(10), 10},
		"one more":   {chain(11), -1},
		"many more":  {chain(60), -1},
		"a loop":     {loop, -1},
		"to itself":  {[]string{"db.example.com. 30 IN CNAME DB.example.com."}, -1},
		"and beside": {append(loop, "b.example.com. 30 IN A 10.0.1.25"), -1},
	} {
		for how, server := range map[string]func(...string) func(*dns.Msg, bool) *dns.Msg{"one by one": zone, "at once": atOnce} {
			t.Run(name+" "+how, func(t *testing.T) {
				o := lookup(t, "db.example.com", model.A, serve(t, server(tt.records...)))
				if tt.aliases < 0 {
					if o.Class != model.Broken || len(o.Addrs) > 0 {
						t.Errorf("got %s %v (%s), want Broken", o.Class, o.Addrs, o.Detail)
					}
					return
				}
				isTruth(t, o)
				if len(o.Aliases) != tt.aliases {
					t.Errorf("followed %v, want %d CNAMEs", o.Aliases, tt.aliases)
				}
			})
		}
	}
}

// TestOtherCase: a server, or a forger's bane between it and us (0x20), may write
// every name in letters of another case.
func TestOtherCase(t *testing.T) {
	swap := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsUpper(r) {
				return unicode.ToLower(r)
			}
			return unicode.ToUpper(r)
		}, s)
	}
	s := serve(t, func(q *dns.Msg, tcp bool) *dns.Msg {
		r := zone(chain(2)...)(q, tcp)
		r.Question = []dns.Question{q.Question[0]}
		r.Question[0].Name = swap(q.Question[0].Name)
		for _, rr := range r.Answer {
			rr.Header().Name = swap(rr.Header().Name)
			if c, ok := rr.(*dns.CNAME); ok {
				c.Target = "a" + swap(c.Target)[1:]
			}
		}
		return r
	})
	o := lookup(t, "db.example.com", model.A, s)
	isTruth(t, o)
	if len(o.Aliases) != 2 {
		t.Errorf("followed %v, want 2 CNAMEs", o.Aliases)
	}
}

// TestLargeAnswers come by TCP, whole.
func TestLargeAnswers(t *testing.T) {
	for _, n := range []int{60, 200, 500} {
		var records []string
		for i := range n {
			records = append(records, fmt.Sprintf("db.example.com. 30 IN A 10.1.%d.%d", i/250, i%250))
		}
		full := zone(records...)
		s := serve(t, func(q *dns.Msg, tcp bool) *dns.Msg {
			r := full(q, tcp)
			if o := q.IsEdns0(); !tcp {
				r.Truncate(int(o.UDPSize()))
			}
			return r
		})
		o := lookup(t, "db.example.com", model.A, s)
		seen := map[netip.Addr]bool{}
		for _, a := range o.Addrs {
			seen[a] = true
		}
		if len(seen) != n || len(o.Addrs) != n {
			t.Errorf("got %s with %d addresses (%s), want %d", o.Class, len(o.Addrs), o.Detail, n)
		}
		if byTCP := s.tcp.Load() > 0; byTCP != (n > 60) {
			t.Errorf("%d records by TCP: %t", n, byTCP)
		}
	}
}

// tardy is an upstream that gives one CNAME after the other, each just in time.
type tardy struct{ took time.Duration }

func (u tardy) Exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	select {
	case <-time.After(u.took):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return zone(chain(10)...)(q, false), nil
}

// TestALookupHasAnEnd, however many questions it takes.
func TestALookupHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := &resolve.Client{Upstream: tardy{resolve.DefaultTimeout - time.Millisecond}, Now: time.Now}
		o := c.Lookup(t.Context(), model.Question{Name: "db.example.com", Type: model.A})
		if took := time.Since(began); o.Class != model.Timeout || took > 2*resolve.DefaultTimeout {
			t.Errorf("got %s (%s) after %s, want Timeout", o.Class, o.Detail, took)
		}
		c.Upstream = tardy{time.Millisecond}
		isTruth(t, c.Lookup(t.Context(), model.Question{Name: "db.example.com", Type: model.A}))
	})
}
