package relay

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
)

// TestNobodyElseIsToBlame: what one request does is no reason to try an endpoint last for
// all others.
func TestNobodyElseIsToBlame(t *testing.T) {
	w := newWorld(t, Config{})
	end := w.serveWeb("a.example.com", func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler) // RST_STREAM, by HTTP/2
		}
		fmt.Fprint(rw, "fine")
	})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": end}))
	for _, c := range []struct{ line, want string }{
		{"GET a:b HTTP/1.1", "HTTP/1.1 400"},
		{"GET /abort HTTP/1.1", "a.example.com (" + end.String() + ") ends the request before it has answered"},
		{"GET / HTTP/1.1", "fine"},
	} {
		conn := dial(t, at)
		fmt.Fprintf(conn, "%s\r\nHost: web\r\nConnection: close\r\n\r\n", c.line)
		if said, err := io.ReadAll(conn); err != nil || !strings.Contains(string(said), c.want) {
			t.Errorf("%s: %q, %v, want %q", c.line, said, err, c.want)
		}
		if held := listenerAt(w.relay, at).route.Load().ends[0].held.Load(); held != 0 {
			t.Errorf("after %s the endpoint is tried last", c.line)
		}
	}
	if said := w.told.String(); said != "" {
		t.Errorf("the hooks were told %q", said)
	}
}

func listenerAt(r *Relay, at netip.AddrPort) *tcpListener {
	return listenersOf(r)[slot{at, model.TCP}].(*tcpListener)
}

// TestOneFindsOut: when a hold ends, one client finds out whether the endpoint is well,
// and all others go elsewhere until it has.
func TestOneFindsOut(t *testing.T) {
	var now clock
	w := newWorld(t, Config{Now: now.now})
	came := make(chan struct{}, 100)
	hangs := serve(t, func(c *net.TCPConn) { // in the handshake
		came <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
	})
	good := serve(t, func(c *net.TCPConn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{"a.example.com"}, authority.Lasts(now.now().Add(-time.Hour), now.now().Add(time.Hour)))}})
		_, _ = io.WriteString(s, "good")
		_ = s.Close()
	})
	at := virtualIP(t)
	g := withTLS(&model.BackendTLS{Insecure: true, MinVersion: tls.VersionTLS12})
	g.ConnectTimeout = 20 * time.Second
	mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenTCP}, map[string]netip.AddrPort{"a.example.com": good, "b.example.com": hangs}))
	for _, e := range listenerAt(w.relay, at).route.Load().ends {
		if e.addr == hangs {
			e.hold(now.now())
		}
	}
	dial(t, at) // this one
	<-came
	for range 20 {
		if got := ask(t, at); got != "good" {
			t.Fatalf("got %q", got)
		}
	}
	if n := len(came); n != 0 {
		t.Errorf("%d more clients went to the endpoint that hangs", n)
	}
}

// TestOvertakenIsAskedAtLast: an endpoint that was slower than one that is not trusted is
// better than none.
func TestOvertakenIsAskedAtLast(t *testing.T) {
	w := newWorld(t, Config{ConnectDelay: 20 * time.Millisecond, Rand: func() uint64 { return 1 }})
	other := authority.New(t, "Another CA")
	secured := func(c net.Conn, ca *authority.Authority, name string) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{ca.Issue([]string{name})}})
		_, _ = io.WriteString(s, name)
		_ = s.Close()
	}
	untrusted := serve(t, func(c *net.TCPConn) { secured(c, other, "b.example.com") })
	slow, accept := crowdedListener(t)
	time.AfterFunc(100*time.Millisecond, func() {
		for {
			c, err := accept.Accept()
			if err != nil {
				return
			}
			go secured(c, w.ca, "a.example.com")
		}
	})
	at := virtualIP(t)
	p := gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenTCP}, map[string]netip.AddrPort{"a.example.com": slow})
	p.Decision.Endpoints = append(p.Decision.Endpoints, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenTCP}, map[string]netip.AddrPort{"b.example.com": untrusted}).Decision.Endpoints...)
	p.Service.Targets = append(p.Service.Targets, model.Target{Name: "b.example.com", Hostname: "b.example.com", Weight: 1})
	mustPublish(t, w.relay, p)
	if got := ask(t, at); got != "a.example.com" {
		t.Errorf("got %q; the hooks were told %s", got, &w.told)
	}
	if said := w.told.String(); !strings.Contains(said, "Another CA") {
		t.Errorf("the other endpoint was not met: %s", said)
	}
}

// TestRequestsThatAreNoneAnyMore: a client whose port has become one for bytes is sent
// away.
func TestRequestsThatAreNoneAnyMore(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	end := w.serveWeb("a.example.com", func(http.ResponseWriter, *http.Request) { t.Error("the endpoint was asked") })
	ends := map[string]netip.AddrPort{"a.example.com": end}
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenHTTP}, ends))
	f := newForwarder(listenerAt(w.relay, at))
	arriving := dial(t, at)
	eventually(t, "it is there", func() bool { return w.relay.Connections() == 1 })
	g := withTLS(toTLS())
	g.ProxyProtocol = 1
	mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenTCP}, ends))
	answer := httptest.NewRecorder()
	f.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://web/", nil))
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Connection") != "close" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	fmt.Fprint(arriving, "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(arriving), nil); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Error(resp, err)
	}
}

// TestNoNewEndpointAtTheEnd: a relay that has cut what stood connects to nobody any more.
func TestNoNewEndpointAtTheEnd(t *testing.T) {
	var came atomic.Int64
	silent := func(c *net.TCPConn) {
		came.Add(1)
		_, _ = io.Copy(io.Discard, c)
	}
	r := New(Config{DrainTimeout: time.Millisecond})
	at := virtualIP(t)
	g := withTLS(&model.BackendTLS{Insecure: true, MinVersion: tls.VersionTLS12})
	g.ConnectTimeout = 300 * time.Millisecond
	mustPublish(t, r, gateway(at, g, model.Listener{Protocol: model.ListenTCP}, map[string]netip.AddrPort{"a": serve(t, silent), "b": serve(t, silent), "c": serve(t, silent)}))
	dial(t, at)
	eventually(t, "the client is at an endpoint", func() bool { return came.Load() == 1 })
	_ = r.Close(t.Context())
	if n := came.Load(); n != 1 {
		t.Errorf("%d endpoints were connected to, want 1", n)
	}
}

// TestEachDeadlineCuts: one that is over is not passed by for a later one.
func TestEachDeadlineCuts(t *testing.T) {
	var now clock
	r := newRelay(t, Config{Now: now.now})
	at := virtualIP(t)
	end := serve(t, echo)
	mustPublish(t, r, published("a", at, []netip.AddrPort{end}))
	c := dial(t, at)
	roundTrip(t, c, "hello")
	standing := listenerAt(r, at).route.Load().ends[0]
	standing.until.Store(now.now().Add(time.Second).UnixNano())
	r.waking.Lock()
	r.deadlines = []time.Time{now.now().Add(time.Second), now.now().Add(time.Hour)}
	r.waking.Unlock()
	now.advance(time.Minute)
	if in, again := r.cutDue(now.now()); !again || in != time.Hour-time.Minute {
		t.Errorf("the next deadline is in %s: %t", in, again)
	}
	wantReset(t, c)
}
