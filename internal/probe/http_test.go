package probe

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
)

// web is a real HTTP server that keeps what it was asked.
type web struct {
	addr netip.AddrPort
	mu   sync.Mutex
	got  []*http.Request
}

func newWeb(t *testing.T, pair *tls.Certificate, handler http.HandlerFunc) *web {
	t.Helper()
	w := new(web)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.got = append(w.got, r)
		w.mu.Unlock()
		handler(rw, r)
	}))
	if pair == nil {
		s.Start()
	} else {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{*pair}}
		s.StartTLS()
	}
	t.Cleanup(s.Close)
	w.addr = s.Listener.Addr().(*net.TCPAddr).AddrPort()
	return w
}

// paths are what was asked for.
func (w *web) paths() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, r := range w.got {
		all = append(all, r.RequestURI)
	}
	return all
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestHTTPStatus(t *testing.T) {
	rows := []struct {
		code  int
		want  []int
		up    bool
		words []string
	}{
		{200, nil, true, nil},
		{204, nil, true, nil},
		{399, nil, true, nil},
		{302, nil, true, nil},
		{400, nil, false, []string{"400 Bad Request", "200 to 399"}},
		{503, nil, false, []string{"answers 503 Service Unavailable to GET /healthz?full=1", "200 to 399"}},
		{599, nil, false, []string{"answers 599 to"}},
		{401, []int{200, 401}, true, nil},
		{204, []int{200, 401}, false, []string{"204 No Content", "200 401 is expected"}},
		{200, []int{204}, false, []string{"200 OK", "204 is expected"}},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.code, row.want), func(t *testing.T) {
			w := newWeb(t, nil, status(row.code))
			spec := model.Probe{Kind: model.ProbeHTTP, Path: "/healthz?full=1", Statuses: row.want}
			if row.up {
				up(t, prober(), spec, at(w.addr))
			} else {
				down(t, prober(), spec, at(w.addr), model.ProbeStatus, row.words...)
			}
		})
	}
}

// TestHTTPRequest: what is asked, as the server sees it.
func TestHTTPRequest(t *testing.T) {
	w := newWeb(t, nil, status(200))
	port := fmt.Sprint(w.addr.Port())
	rows := []struct {
		name, host string
		target     string
		want       string
	}{
		{"by address", "", "", "127.0.0.1:" + port},
		{"by the target's name", "", "api.example.com", "api.example.com:" + port},
		{"by the host", "www.example.com", "api.example.com", "www.example.com"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			spec := model.Probe{
				Kind: model.ProbeHTTP, Path: "/a%20b?c=d%26e", Host: row.host,
				Headers: []model.Header{{Name: "X-Tenant", Value: "reporting"}, {Name: "X-Tenant", Value: "billing"}, {Name: "accept", Value: "text/plain"}},
			}
			up(t, prober(), spec, model.Check{Addr: w.addr, Name: row.target})
			w.mu.Lock()
			r := w.got[len(w.got)-1]
			w.mu.Unlock()
			got := []string{r.Method, r.RequestURI, r.Proto, r.Host}
			want := []string{"GET", "/a%20b?c=d%26e", "HTTP/1.1", row.want}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			header := http.Header{"User-Agent": {"fairlead-probe"}, "Accept": {"text/plain"}, "X-Tenant": {"reporting", "billing"}, "Connection": {"close"}}
			if diff := cmp.Diff(header, r.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHTTPS: the certificate is verified for the host that is asked for.
func TestHTTPS(t *testing.T) {
	root := authority.New(t, "Root")
	pair := root.Issue([]string{"www.example.com"}, authority.Lasts(days(-1), days(3)))
	w := newWeb(t, &pair, status(200))
	spec := model.Probe{Kind: model.ProbeHTTP, TLS: true, Path: "/", CABundle: root.PEM()}
	c := model.Check{Addr: w.addr, Name: "www.example.com"}
	if r := up(t, prober(), spec, c); !strings.Contains(r.Warning, "expires on") {
		t.Errorf("no warning of a certificate that expires: %q", r.Warning)
	}
	down(t, prober(), spec, model.Check{Addr: w.addr, Name: "db.example.com"}, model.ProbeCertificate, "not for db.example.com")
	spec.ServerName = "www.example.com"
	up(t, prober(), spec, model.Check{Addr: w.addr, Name: "db.example.com"})
	spec.ServerName = "api.example.com"
	down(t, prober(), spec, c, model.ProbeCertificate, "not for api.example.com")

	plain := model.Probe{Kind: model.ProbeHTTP, Path: "/"}
	down(t, prober(), plain, c, model.ProbeStatus, "400")
	down(t, prober(), plain, at(serve(t, answers("\x15\x03\x03\x00\x02\x02\x46"))), model.ProbeProtocol, "scheme: https")
	down(t, prober(), model.Probe{Kind: model.ProbeHTTP, TLS: true, Path: "/"}, at(newWeb(t, nil, status(200)).addr), model.ProbeProtocol, "does not speak TLS")
}

func TestRedirects(t *testing.T) {
	elsewhere := newWeb(t, nil, status(200))
	w := newWeb(t, nil, func(rw http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"/relative": "sound", "/absolute": "http://api.example.com/sound", "/port": "http://API.example.com:80/sound",
			"/chain": "/relative", "/ill": "/broken", "/loop": "/loop", "/odd": "http://[::1",
			"/name": "http://login.example.com/", "/away": "http://" + elsewhere.addr.String() + "/?token=1", "/secure": "https://api.example.com/sound",
			"/otherport": "http://api.example.com:8080/sound", "/mixed": "https://api.example.com:80/sound",
		}[r.URL.Path]
		switch {
		case to != "":
			rw.Header().Set("Location", to)
			rw.WriteHeader(http.StatusFound)
		case r.URL.Path == "/broken":
			rw.WriteHeader(500)
		case r.Host != "api.example.com":
			rw.WriteHeader(421)
		}
	})
	const follows, stays = true, false
	rows := []struct {
		path     string
		follow   bool
		statuses []int
		asked    string
		reason   string
		word     string // of the detail or warning
	}{
		{"/relative", stays, nil, "/relative", "", ""},
		{"/relative", stays, []int{200}, "/relative", model.ProbeStatus, "302 Found"},
		{"/relative", follows, []int{200}, "/relative /sound", "", ""},
		{"/absolute", follows, []int{200}, "/absolute /sound", "", ""},
		{"/port", follows, []int{200}, "/port /sound", "", ""},
		{"/chain", follows, []int{200}, "/chain /relative /sound", "", ""},
		{"/ill", follows, nil, "/ill /broken", model.ProbeStatus, "500"},
		{"/loop", follows, nil, strings.TrimSpace(strings.Repeat("/loop ", 11)), model.ProbeStatus, "more than 10 times"},
		{"/odd", follows, nil, "/odd", "", ""},
		{"/name", follows, nil, "/name", "", "redirects elsewhere, which was not asked"},
		{"/away", follows, nil, "/away", "", "redirects elsewhere, which was not asked"},
		{"/secure", follows, nil, "/secure", "", "redirects elsewhere, which was not asked"},
		{"/mixed", follows, nil, "/mixed", "", "redirects elsewhere, which was not asked"},
		{"/otherport", follows, nil, "/otherport", "", "redirects elsewhere, which was not asked"},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.path, row.follow), func(t *testing.T) {
			w.mu.Lock()
			w.got = nil
			w.mu.Unlock()
			spec := model.Probe{Kind: model.ProbeHTTP, Path: row.path, Host: "api.example.com", FollowRedirects: row.follow, Statuses: row.statuses, Timeout: patience}
			r := prober().Probe(t.Context(), "", &spec, at(w.addr))
			if r.Up != (row.reason == "") || r.Reason != row.reason || !strings.Contains(r.Detail+r.Warning, row.word) || (row.word == "") != (r.Detail+r.Warning == "") {
				t.Errorf("got %+v", r)
			}
			if got := strings.Join(w.paths(), " "); got != row.asked {
				t.Errorf("asked for %s, want %s", got, row.asked)
			}
		})
	}
	if got := elsewhere.paths(); got != nil {
		t.Errorf("a redirect made the probe ask somebody else for %v", got)
	}
}

// TestHTTPOddities: servers that no library makes.
func TestHTTPOddities(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	rows := []struct {
		name, says, reason, word string
	}{
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", "", ""},
		{"no length, and an end", ok + "\r\nhello", "", ""},
		{"interim responses", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n", "", ""},
		{"interim responses only", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20), model.ProbeProtocol, "1xx"},
		{"another protocol now", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", model.ProbeStatus, "101"},
		{"a large body", ok + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1000000), "", ""},
		{"a large body in chunks", ok + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\nx\r\n", 20000) + "0\r\n\r\n", "", ""},
		{"a body cut short", ok + "Content-Length: 10\r\n\r\nhello", model.ProbeReset, "closes"},
		{"a body in broken chunks", ok + "Transfer-Encoding: chunked\r\n\r\nhello\r\n", model.ProbeProtocol, "body"},
		{"a large header", ok + "X: " + strings.Repeat("x", 200000) + "\r\n\r\n", model.ProbeProtocol, "header of more than 65536"},
		{"no status", "HTTP/1.1 \r\n\r\n", model.ProbeProtocol, "HTTP/1.1"},
		{"a broken header", ok + "no colon\r\n\r\n", model.ProbeProtocol, "HTTP/1.1"},
		{"an answer that ends in the middle", "HTTP/1.1 200", model.ProbeReset, "closes"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			addr := serve(t, func(c *net.TCPConn) {
				if _, err := c.Read(make([]byte, 1<<12)); err == nil {
					_, _ = io.WriteString(c, row.says)
				}
			})
			spec := model.Probe{Kind: model.ProbeHTTP, Path: "/"}
			if row.reason == "" {
				up(t, prober(), spec, at(addr))
			} else {
				down(t, prober(), spec, at(addr), row.reason, row.word)
			}
		})
	}
	// A body that begins and goes on for ever, or stops.
	short := model.Probe{Kind: model.ProbeHTTP, Path: "/", Timeout: patience / 50}
	down(t, prober(), short, at(serve(t, answers(ok+"Content-Length: 10\r\n\r\nhello"))), model.ProbeTimeout)
	up(t, prober(), model.Probe{Kind: model.ProbeHTTP, Path: "/"}, at(serve(t, func(c *net.TCPConn) {
		_, _ = io.WriteString(c, ok+"\r\n")
		flood("x")(c)
	})))
	for _, path := range []string{"", "healthz", "/%zz", "http://example.com/"} {
		down(t, prober(), model.Probe{Kind: model.ProbeHTTP, Path: path}, at(closedPort(t)), model.ProbeProtocol, "not a path")
	}
	// A server that is full answers and hangs up at once.
	full := serve(t, func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
	})
	for range 50 {
		down(t, prober(), model.Probe{Kind: model.ProbeHTTP, Path: "/"}, at(full), model.ProbeStatus, "503")
	}
}

// TestAuthority: as clients write it.
func TestAuthority(t *testing.T) {
	for _, row := range []struct{ addr, name, scheme, want string }{
		{"10.0.0.1:80", "", "http", "10.0.0.1"},
		{"10.0.0.1:443", "", "http", "10.0.0.1:443"},
		{"10.0.0.1:443", "", "https", "10.0.0.1"},
		{"[fd00::1]:80", "", "http", "[fd00::1]"},
		{"[fd00::1]:8080", "", "http", "[fd00::1]:8080"},
		{"[fe80::1%eth0]:8080", "", "http", "[fe80::1]:8080"},
		{"[::ffff:10.0.0.1]:8080", "", "http", "10.0.0.1:8080"},
		{"10.0.0.1:80", "api.example.com.", "http", "api.example.com"},
	} {
		a := attempt{check: model.Check{Addr: netip.MustParseAddrPort(row.addr), Name: row.name}, spec: new(model.Probe)}
		if got := a.authority(row.scheme); got != row.want {
			t.Errorf("%s %s: %s, want %s", row.scheme, row.addr, got, row.want)
		}
	}
}
