package relay

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
)

// shelf is where the certificates of tests are.
type shelf struct {
	mu          sync.Mutex
	pairs       map[string]tls.Certificate
	authorities map[string][]*x509.Certificate
}

func (s *shelf) Certificate(_, name string) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.pairs[name]; ok {
		return &c, nil
	}
	return nil, errors.New("there is no Secret " + name)
}

func (s *shelf) Authorities(_ string, ref model.Reference) ([]*x509.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if all, ok := s.authorities[ref.Name]; ok {
		return all, nil
	}
	return nil, errors.New("there is no ConfigMap " + ref.Name)
}

func (s *shelf) put(name string, pair tls.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pairs[name] = pair
}

func (s *shelf) trust(name string, all []*x509.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authorities[name] = all
}

// world is an authority that the shelf knows as ca, and a relay.
type world struct {
	t     *testing.T
	ca    *authority.Authority
	shelf *shelf
	relay *Relay
	told  told
}

// told gathers what hooks say.
type told struct {
	mu  sync.Mutex
	all []string
}

func (w *told) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, fmt.Sprintf(format, args...))
}

func (w *told) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.all, "\n")
}

func newWorld(t *testing.T, cfg Config) *world {
	w := &world{t: t, ca: authority.New(t, "The CA")}
	w.shelf = &shelf{pairs: map[string]tls.Certificate{}, authorities: map[string][]*x509.Certificate{"ca": {w.ca.Certificate()}}}
	cfg.Materials = w.shelf
	cfg.Hooks.ConnectFailed = func(_ model.Key, _ model.Port, to netip.AddrPort, err error) { w.told.say("%s %v", to, err) }
	cfg.Hooks.ClientFailed = func(_ model.Key, _ model.Port, err error) { w.told.say("client: %v", err) }
	w.relay = newRelay(t, cfg)
	return w
}

// gateway is a service behind one, with a listener for its port, and targets of these
// names at these endpoints.
func gateway(at netip.AddrPort, g model.Gateway, l model.Listener, ends map[string]netip.AddrPort) *model.Published {
	g.Listeners = []model.Listener{l}
	if g.ConnectTimeout == 0 {
		g.ConnectTimeout = 3 * time.Second
	}
	if g.IdleTimeout == 0 {
		g.IdleTimeout = time.Hour
	}
	if g.HTTP.MaxHeaderBytes == 0 {
		g.HTTP.MaxHeaderBytes = 64 << 10
	}
	if g.HTTP.Host == "" {
		g.HTTP.Host = model.HostOfTarget
	}
	var addrs []netip.AddrPort
	var hosts []string
	for host, a := range ends {
		addrs, hosts = append(addrs, a), append(hosts, host)
	}
	p := published("web", at, addrs)
	p.Service.Gateway = &g
	for i, host := range hosts {
		p.Decision.Endpoints[i].Host, p.Decision.Endpoints[i].Target = host, host
		p.Service.Targets = append(p.Service.Targets, model.Target{Name: host, Hostname: host, Weight: 1})
	}
	return p
}

// toTLS originates TLS, and trusts ca.
func toTLS() *model.BackendTLS {
	return &model.BackendTLS{Authorities: []model.Reference{{Kind: "ConfigMap", Name: "ca"}}, MinVersion: tls.VersionTLS12}
}

func withTLS(b *model.BackendTLS) model.Gateway { return model.Gateway{BackendTLS: b} }

// serveWeb runs an HTTPS server whose certificate is for name.
func (w *world) serveWeb(name string, handle http.HandlerFunc, edits ...authority.Edit) netip.AddrPort {
	w.t.Helper()
	s := httptest.NewUnstartedServer(handle)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{name}, edits...)}}
	s.StartTLS()
	w.t.Cleanup(s.Close)
	return s.Listener.Addr().(*net.TCPAddr).AddrPort()
}

// browse returns a client that connects to at whatever the name, and trusts ca.
func (w *world) browse(at netip.AddrPort) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(w.ca.Certificate())
	tr := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", at.String())
		},
		TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
	}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// TestOrigination: plain HTTP in, HTTPS out, with the Host and the SNI of each target.
func TestOrigination(t *testing.T) {
	w := newWorld(t, Config{})
	seen := func(r *http.Request, rw http.ResponseWriter) {
		fmt.Fprintf(rw, "%s %s %s | %s | %s | %s", r.Host, r.TLS.ServerName, r.URL.RequestURI(), r.Header.Get("X-Forwarded-Host"), r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-For"))
	}
	handle := func(rw http.ResponseWriter, r *http.Request) { seen(r, rw) }
	a, b := w.serveWeb("a.example.com", handle), w.serveWeb("b.example.com", handle)
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, model.Gateway{BackendTLS: toTLS(), HTTP: model.HTTP{Forwarded: true}}, model.Listener{Protocol: model.ListenHTTP},
		map[string]netip.AddrPort{"a.example.com": a, "b.example.com": b}))
	client, got := w.browse(at), map[string]int{}
	for range 10 {
		resp, body := get(t, client, "http://web/x%2fy?q=1;2&%zz")
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", resp.Status, body)
		}
		got[body]++
	}
	for host, end := range map[string]netip.AddrPort{"a.example.com": a, "b.example.com": b} {
		want := fmt.Sprintf("%s:%d %s /x%%2fy?q=1;2&%%zz | web | http | 127.0.0.1", host, end.Port(), host)
		if got[want] != 5 {
			t.Errorf("%d answers are %q, want 5, of %v", got[want], want, got)
		}
	}
}

// TestDistrust: whoever is not who he should be is told nothing, and the client is told
// why.
func TestDistrust(t *testing.T) {
	w := newWorld(t, Config{HoldOff: time.Millisecond})
	asked := func(http.ResponseWriter, *http.Request) { t.Error("an endpoint that is not trusted was asked") }
	other := authority.New(t, "Another CA")
	foreign := httptest.NewUnstartedServer(http.HandlerFunc(asked))
	foreign.TLS = &tls.Config{Certificates: []tls.Certificate{other.Issue([]string{"a.example.com"})}}
	foreign.StartTLS()
	defer foreign.Close()
	ancient := httptest.NewUnstartedServer(http.HandlerFunc(asked))
	ancient.TLS = &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{"a.example.com"})}, MaxVersion: tls.VersionTLS12}
	ancient.StartTLS()
	defer ancient.Close()
	plain := httptest.NewServer(http.HandlerFunc(asked))
	defer plain.Close()
	now := time.Now()
	addr := func(s *httptest.Server) netip.AddrPort { return s.Listener.Addr().(*net.TCPAddr).AddrPort() }
	strict := toTLS()
	strict.MinVersion = tls.VersionTLS13
	pinned, alternative, unknown, client := toTLS(), toTLS(), toTLS(), toTLS()
	pinned.Pins = []string{strings.Repeat("A", 43) + "="}
	alternative.SubjectAltNames = []string{"spiffe://example.com/a"}
	unknown.Authorities[0].Name = "nothing"
	client.ClientCertificate = "nothing"
	for _, c := range []struct {
		name string
		end  netip.AddrPort
		tls  *model.BackendTLS
		says string
	}{
		{"wrong CA", addr(foreign), toTLS(), "CN=Another CA, which is not trusted here"},
		{"expired", w.serveWeb("a.example.com", asked, authority.Lasts(now.Add(-2*time.Hour), now.Add(-time.Hour))), toTLS(), "has a certificate that expired on"},
		{"wrong name", w.serveWeb("b.example.com", asked), toTLS(), "has a certificate for b.example.com, not for a.example.com"},
		{"no common version", addr(ancient), strict, "refuses the TLS handshake for the name a.example.com: tls: protocol version not supported"},
		{"no TLS at all", addr(plain), toTLS(), "does not speak TLS"},
		{"pin", w.serveWeb("a.example.com", asked), pinned, "none of the pins"},
		{"alternative name", w.serveWeb("a.example.com", asked), alternative, "none of the subjectAltNames"},
		{"no authority", w.serveWeb("a.example.com", asked), unknown, "there is no ConfigMap nothing"},
		{"no client certificate", w.serveWeb("a.example.com", asked), client, "there is no Secret nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := virtualIP(t)
			mustPublish(t, w.relay, gateway(at, withTLS(c.tls), model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": c.end}))
			resp, body := get(t, w.browse(at), "http://web/")
			if resp.StatusCode != http.StatusBadGateway || !strings.Contains(body, c.says) || !strings.Contains(body, "test/web: a.example.com ("+c.end.String()+")") {
				t.Errorf("%s: %s\nwant %s", resp.Status, body, c.says)
			}
			if said := w.told.String(); !strings.Contains(said, c.says) {
				t.Errorf("the hooks were told %q", said)
			}
		})
	}
}

// TestAuthoritiesRotate: whom an endpoint is trusted by counts from the next handshake on.
func TestAuthoritiesRotate(t *testing.T) {
	w := newWorld(t, Config{HoldOff: time.Millisecond})
	end := serve(t, func(c *net.TCPConn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{"a.example.com"})}})
		_, _ = io.WriteString(s, "hello")
		_ = s.Close()
	})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenTCP}, map[string]netip.AddrPort{"a.example.com": end}))
	own, other := w.ca.Certificate(), authority.New(t, "Another CA").Certificate()
	for _, c := range []struct {
		trusted []*x509.Certificate
		want    string
	}{
		{[]*x509.Certificate{own}, "hello"},
		{[]*x509.Certificate{own}, "hello"},
		{[]*x509.Certificate{other}, ""},
		{[]*x509.Certificate{other, own}, "hello"},
		{[]*x509.Certificate{other}, ""},
		{[]*x509.Certificate{own}, "hello"},
	} {
		w.shelf.trust("ca", c.trusted)
		got, err := io.ReadAll(dial(t, at))
		if string(got) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("with %d authorities: %q, %v, want %q", len(c.trusted), got, err, c.want)
		}
	}
}

// TestTermination: clients see a certificate for the name that they use, and its
// successor from the next handshake on.
func TestTermination(t *testing.T) {
	w := newWorld(t, Config{})
	end := w.serveWeb("a.example.com", func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprint(rw, r.TLS.ServerName, " ", r.Header.Get("X-Forwarded-Proto"))
	})
	first, second := w.ca.Issue([]string{"web"}), w.ca.Issue([]string{"web", "web.test"})
	w.shelf.put("web", first)
	at := virtualIP(t)
	g := model.Gateway{BackendTLS: toTLS(), HTTP: model.HTTP{Forwarded: true}}
	mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTPS, Certificates: []string{"web"}}, map[string]netip.AddrPort{"a.example.com": end}))
	standing := w.browse(at)
	resp, body := get(t, standing, "https://web/")
	if body != "a.example.com https" || resp.ProtoMajor != 2 || len(resp.TLS.PeerCertificates[0].DNSNames) != 1 {
		t.Errorf("%s %q, by the certificate for %s", resp.Proto, body, resp.TLS.PeerCertificates[0].DNSNames)
	}
	w.shelf.put("web", second)
	if resp, _ := get(t, w.browse(at), "https://web/"); len(resp.TLS.PeerCertificates[0].DNSNames) != 2 {
		t.Errorf("after the rotation there is still the certificate for %s", resp.TLS.PeerCertificates[0].DNSNames)
	}
	if resp, _ := get(t, standing, "https://web/"); len(resp.TLS.PeerCertificates[0].DNSNames) != 1 {
		t.Error("the rotation has ended a connection that stood")
	}
}

// TestTLSStreams: bytes inside TLS, of a client that ends its direction first, to an
// endpoint by TLS and to one without.
func TestTLSStreams(t *testing.T) {
	w := newWorld(t, Config{})
	w.shelf.put("web", w.ca.Issue([]string{"web"}))
	w.shelf.put("me", w.ca.Issue([]string{"client"}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
	roots := x509.NewCertPool()
	roots.AddCert(w.ca.Certificate())
	own := &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{"a.example.com"})}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, NextProtos: []string{"other", "mine"}}
	secured := serve(t, func(c *net.TCPConn) {
		s := tls.Server(c, own)
		all, err := io.ReadAll(s)
		fmt.Fprintf(s, "%s %v %s", all, err, s.ConnectionState().NegotiatedProtocol)
		s.Close()
	})
	plain := serve(t, func(c *net.TCPConn) {
		all, err := io.ReadAll(c)
		fmt.Fprintf(c, "%s %v", all, err)
	})
	to := toTLS()
	to.ClientCertificate = "me"
	for _, c := range []struct {
		name string
		tls  *model.BackendTLS
		l    model.Listener
		end  netip.AddrPort
		want string
	}{
		{"TLS to TLS", to, model.Listener{Protocol: model.ListenTLS, Certificates: []string{"web"}}, secured, "hello <nil> mine"},
		{"TLS to nothing", nil, model.Listener{Protocol: model.ListenTLS, Certificates: []string{"web"}}, plain, "hello <nil>"},
		{"nothing to TLS", to, model.Listener{Protocol: model.ListenTCP}, secured, "hello <nil> "},
		{"nothing to nothing", nil, model.Listener{Protocol: model.ListenTCP}, plain, "hello <nil>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := virtualIP(t)
			mustPublish(t, w.relay, gateway(at, withTLS(c.tls), c.l, map[string]netip.AddrPort{"a.example.com": c.end}))
			raw, err := net.Dial("tcp", at.String())
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			conn := raw
			if c.l.Protocol == model.ListenTLS {
				conn = tls.Client(raw, &tls.Config{RootCAs: roots, ServerName: "web", NextProtos: []string{"mine", "h2"}})
			}
			fmt.Fprint(conn, "hello")
			if err := closeWrite(conn); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(conn)
			if err != nil || string(got) != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// TestPassthrough: TLS goes on as it is, to the target that the client names.
func TestPassthrough(t *testing.T) {
	w := newWorld(t, Config{})
	ends := map[string]netip.AddrPort{}
	for _, name := range []string{"a.example.com", "b.example.com"} {
		ends[name] = w.serveWeb(name, func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, name) })
	}
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenTLS, Passthrough: true}, ends))
	for range 4 {
		for name := range ends {
			if _, body := get(t, w.browse(at), "https://"+name+"/"); body != name {
				t.Errorf("%s was answered by %s", name, body)
			}
		}
	}
}

// TestDeadEndpoint: no request of a thousand fails because one of two endpoints is
// dead, or dies. One that is sent at that very moment may: it may have been served.
func TestDeadEndpoint(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) { deadEndpoint(t, method) })
	}
}

func deadEndpoint(t *testing.T, method string) {
	var opened, closed atomic.Int64
	var dies netip.AddrPort
	w := newWorld(t, Config{Hooks: Hooks{
		Opened: func(_ model.Key, _ model.Port, to netip.AddrPort) {
			if to == dies {
				opened.Add(1)
			}
		},
		Closed: func(_ model.Key, _ model.Port, to netip.AddrPort, _ Traffic) {
			if to == dies {
				closed.Add(1)
			}
		},
	}})
	var served atomic.Int64
	handle := func(rw http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			served.Add(1)
		}
	}
	dying := httptest.NewServer(http.HandlerFunc(handle))
	dies = dying.Listener.Addr().(*net.TCPAddr).AddrPort()
	ends := map[string]netip.AddrPort{
		"a.example.com": dies,
		"b.example.com": httpServer(t, handle),
		"c.example.com": closedPort(t),
	}
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, ends))
	client := w.browse(at)
	for i := range 1000 {
		if i == 500 {
			dying.Listener.Close()
			dying.CloseClientConnections()
			if method == http.MethodPost {
				// GET looks before it uses one that was kept, and is asked again if need be.
				eventually(t, "the relay has seen them end", func() bool { return closed.Load() == opened.Load() })
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "http://web/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodPost {
			req.Body = io.NopCloser(strings.NewReader("x"))
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("request %d: %s", i, resp.Status)
		}
	}
	dying.Close()
	if n := served.Load(); n != 1000 {
		t.Errorf("%d requests were served", n)
	}
}

func httpServer(t *testing.T, handle http.HandlerFunc) netip.AddrPort {
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s.Listener.Addr().(*net.TCPAddr).AddrPort()
}

// TestOnTargetDown: connections to an endpoint that takes no traffic any more end at
// once, or when their time is over, and not at all if it comes back before.
func TestOnTargetDown(t *testing.T) {
	for _, c := range []struct {
		name  string
		g     model.Gateway
		back  bool
		stays bool
	}{
		{"close", model.Gateway{CloseOnDown: true}, false, false},
		{"drain", model.Gateway{DrainTimeout: 100 * time.Millisecond}, false, false},
		{"drain for long", model.Gateway{DrainTimeout: time.Hour}, false, true},
		{"back in time", model.Gateway{DrainTimeout: 300 * time.Millisecond}, true, true},
	} {
		for _, l := range []model.ListenerProtocol{model.ListenTCP, model.ListenPostgres, model.ListenHTTP} {
			t.Run(c.name+" "+string(l), func(t *testing.T) {
				w := newWorld(t, Config{})
				a, b := serve(t, echo), serve(t, echo)
				if l == model.ListenHTTP {
					a = httpServer(t, func(rw http.ResponseWriter, r *http.Request) {
						for { // an answer without an end
							if _, err := fmt.Fprintln(rw, "x"); err != nil {
								return
							}
							if rw.(http.Flusher).Flush(); r.Context().Err() != nil {
								return
							}
							time.Sleep(5 * time.Millisecond)
						}
					})
				}
				at := virtualIP(t)
				publish := func(ends map[string]netip.AddrPort) {
					mustPublish(t, w.relay, gateway(at, c.g, model.Listener{Protocol: l}, ends))
				}
				publish(map[string]netip.AddrPort{"a": a})
				conn, err := net.Dial("tcp", at.String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				r := bufio.NewReader(conn)
				say := "hello world\n"
				if l == model.ListenHTTP {
					say = "GET / HTTP/1.1\r\nHost: web\r\n\r\n"
				}
				fmt.Fprint(conn, say)
				if _, err := r.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
				publish(map[string]netip.AddrPort{"b": b})
				if c.back {
					publish(map[string]netip.AddrPort{"a": a, "b": b})
				}
				_ = conn.SetReadDeadline(time.Now().Add(600 * time.Millisecond))
				_, err = io.Copy(io.Discard, r)
				if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() != c.stays || err == nil && c.stays {
					t.Errorf("the connection ended with %v", err)
				}
			})
		}
	}
}

// TestMaxConnections: one more client than allowed is refused, and has a place once
// another one goes.
func TestMaxConnections(t *testing.T) {
	for _, l := range []model.ListenerProtocol{model.ListenTCP, model.ListenPostgres, model.ListenHTTP} {
		t.Run(string(l), func(t *testing.T) {
			w := newWorld(t, Config{})
			at := virtualIP(t)
			p := gateway(at, model.Gateway{MaxConnections: 2}, model.Listener{Protocol: l}, map[string]netip.AddrPort{"a": serve(t, echo)})
			mustPublish(t, w.relay, p)
			var all []net.Conn
			for range 2 {
				c, err := net.Dial("tcp", at.String())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				all = append(all, c)
			}
			eventually(t, "both are in", func() bool { return w.relay.count(p.Service.Key).clients.Load() == 2 })
			refused := func() bool {
				c, err := net.Dial("tcp", at.String())
				if err != nil {
					return true
				}
				defer c.Close()
				_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
				_, err = c.Read(make([]byte, 1))
				timeout := net.Error(nil)
				return !errors.As(err, &timeout) || !timeout.Timeout()
			}
			if !refused() {
				t.Error("a third client is in")
			}
			all[0].Close()
			eventually(t, "there is a place", func() bool { return !refused() })
		})
	}
}

// TestDistrustedEndpoint: one that does not show itself to be who it should be is passed
// over for one that does.
func TestDistrustedEndpoint(t *testing.T) {
	w := newWorld(t, Config{HoldOff: time.Nanosecond})
	secured := func(ca *authority.Authority, name string) netip.AddrPort {
		cfg := &tls.Config{Certificates: []tls.Certificate{ca.Issue([]string{name})}}
		return serve(t, func(c *net.TCPConn) { fmt.Fprint(tls.Server(c, cfg), "hello") })
	}
	ends := map[string]netip.AddrPort{
		"a.example.com": secured(authority.New(t, "Another CA"), "a.example.com"),
		"b.example.com": secured(w.ca, "b.example.com"),
		"c.example.com": secured(w.ca, "d.example.com"),
	}
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenTCP}, ends))
	for range 20 {
		c, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
			t.Errorf("%q, %v", got, err)
		}
		c.Close()
	}
	if said := w.told.String(); !strings.Contains(said, "Another CA") || !strings.Contains(said, "not for c.example.com") {
		t.Errorf("the hooks were told %q", said)
	}
}
