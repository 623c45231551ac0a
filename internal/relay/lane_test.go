package relay

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// TestKeptConnectionThatHasEnded: a server may end a connection whenever it likes, and no
// request is lost by that.
func TestKeptConnectionThatHasEnded(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	const last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
	for name, pieces := range map[string]func(all, here int) []string{
		"as it says":              func(_, here int) []string { return []string{map[bool]string{true: last, false: "never"}[here == 1]} },
		"after an answer":         func(int, int) []string { return []string{answer + "EOF"} },
		"instead of every second": func(_, here int) []string { return []string{map[bool]string{true: answer, false: "EOF"}[here == 1]} },
	} {
		t.Run(name, func(t *testing.T) {
			end, _ := says(t, pieces)
			r := newRelay(t, Config{})
			at := virtualIP(t)
			mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
			for i := range 50 { // by one client each, since one that has met trouble is no more plain
				if said := once(t, at); !strings.HasSuffix(said, "\r\n\r\nhello") {
					t.Fatalf("request %d: %q", i, said)
				}
			}
		})
	}
}

// TestNothingUnaskedIsAnAnswer: what an endpoint says of itself is not what the next client
// hears.
func TestNothingUnaskedIsAnAnswer(t *testing.T) {
	const answer, evil = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	for name, pieces := range map[string][]string{"a moment later": {answer, evil}, "at once": {answer + evil}} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, by TLS: %t", name, secure), func(t *testing.T) {
				w := newWorld(t, Config{})
				says := func(_, here int) []string {
					if here > 1 {
						return []string{"EOF"}
					}
					return pieces
				}
				end, asked, g := netip.AddrPort{}, (*atomic.Int64)(nil), model.Gateway{}
				if secure {
					end, asked = w.saysByTLS("a.example.com", says)
					g = withTLS(toTLS())
				} else {
					end, asked = saysOver(t, func(c *net.TCPConn) net.Conn { return c }, says)
				}
				at := virtualIP(t)
				mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": end}))
				for range 5 {
					if said := once(t, at); !strings.HasSuffix(said, "\r\n\r\nhello") {
						t.Fatalf("%q", said)
					}
					eventually(t, "what else it says is there", func() bool { return w.relay.Connections() == 0 && allLoud(w.relay, at) })
				}
				if n := asked.Load(); n != 5 {
					t.Errorf("it was asked %d times for 5 answers", n)
				}
			})
		}
	}
}

// allLoud reports whether something has come over every connection that is kept.
func allLoud(r *Relay, at netip.AddrPort) bool {
	k := &listenerAt(r, at).route.Load().ends[0].roads
	k.mu.Lock()
	defer k.mu.Unlock()
	return !slices.ContainsFunc(k.lanes, (*lane).quiet)
}

// once returns the answer to a plain request of a client that asks once.
func once(t *testing.T, at netip.AddrPort) string {
	t.Helper()
	c := dial(t, at)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
	said, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

// TestAskedOnceMore: a request whose kept connection ends is asked once more, of the same
// endpoint, be the end late or not.
func TestAskedOnceMore(t *testing.T) {
	for name, late := range map[string]time.Duration{"at once": 0, "late": promptly + 300*time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Config{})
			ends, asked := map[string]netip.AddrPort{}, map[string]*atomic.Int64{}
			for _, host := range []string{"a.example.com", "b.example.com"} {
				ends[host], asked[host] = says(t, func(_, here int) []string {
					if here == 1 {
						return []string{fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(host), host)}
					}
					time.Sleep(late)
					return []string{"EOF"}
				})
			}
			at := virtualIP(t)
			mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, ends))
			got := map[string]int{}
			for range 4 { // two of each, in turn
				said := once(t, at)
				got[said[len(said)-len("a.example.com"):]]++
			}
			for host, n := range asked {
				if got[host] != 2 || n.Load() != 3 {
					t.Errorf("%s answered %d requests, want 2, and was asked %d times, want 3", host, got[host], n.Load())
				}
			}
			if said := w.told.String(); said != "" {
				t.Errorf("the hooks were told %q", said)
			}
		})
	}
}

// TestKeptConnectionsEnd: one over which nothing has gone for long ends, and one by other
// terms is not used.
func TestKeptConnectionsEnd(t *testing.T) {
	ended, opened := make(chan struct{}, 10), new(atomic.Int64)
	end := serve(t, func(c *net.TCPConn) {
		opened.Add(1)
		in := bufio.NewReader(c)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				ended <- struct{}{}
				return
			}
			if line == "\r\n" {
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
			}
		}
	})
	var now clock
	r := newRelay(t, Config{Now: now.now})
	at := virtualIP(t)
	publish := func(limit time.Duration) {
		g := model.Gateway{HTTP: model.HTTP{ResponseTimeout: limit}}
		mustPublish(t, r, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	}
	get := func(connections int64) {
		t.Helper()
		if said := once(t, at); !strings.HasSuffix(said, "hello") {
			t.Fatalf("%q", said)
		}
		eventually(t, "no client is left", func() bool { return r.Connections() == 0 })
		if n := opened.Load(); n != connections {
			t.Errorf("%d connections were opened, want %d", n, connections)
		}
	}
	publish(time.Minute)
	get(1)
	now.advance(idleRoad - time.Second)
	r.sweep(now.now())
	get(1)
	now.advance(idleRoad)
	r.sweep(now.now())
	<-ended
	get(2)
	publish(time.Hour)
	get(3)
	<-ended
	mustPublish(t, r) // the service is gone
	<-ended
}
