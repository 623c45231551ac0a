package relay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// TestGRPC: what gRPC needs of HTTP/2, with a client that has no TLS and a server that
// wants it: both ends speak in turn on one stream, and the status is in the trailers.
func TestGRPC(t *testing.T) {
	w := newWorld(t, Config{})
	end := w.serveWeb("grpc.example.com", func(rw http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers" || r.Host == "web" {
			t.Errorf("asked by %s with TE %q and Host %s", r.Proto, r.Header.Get("Te"), r.Host)
		}
		rw.Header().Set("Content-Type", "application/grpc")
		rw.Header().Set("Trailer", "Grpc-Status")
		both := bufio.NewReader(r.Body)
		for {
			line, err := both.ReadString('\n')
			if err != nil {
				break
			}
			fmt.Fprint(rw, "you said "+line)
			rw.(http.Flusher).Flush()
		}
		rw.Header().Set("Grpc-Status", "5")
		rw.Header().Set(http.TrailerPrefix+"Grpc-Message", "not found")
	})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"grpc.example.com": end}))
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	defer tr.CloseIdleConnections()
	out, in := io.Pipe()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at.String()+"/health", out)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("TE", "trailers")
	go fmt.Fprint(in, "0\n") // the server does not answer before
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	for i := range 3 {
		if i > 0 {
			fmt.Fprintf(in, "%d\n", i)
		}
		if got, err := r.ReadString('\n'); got != fmt.Sprintf("you said %d\n", i) {
			t.Fatalf("%q, %v", got, err)
		}
	}
	in.Close()
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Error(err)
	}
	if got := resp.Trailer; got.Get("Grpc-Status") != "5" || got.Get("Grpc-Message") != "not found" {
		t.Errorf("the trailers are %v", got)
	}
}

// TestTrailersOfRequests: values that come after a request's body arrive.
func TestTrailersOfRequests(t *testing.T) {
	w := newWorld(t, Config{})
	w.shelf.put("web", w.ca.Issue([]string{"web"}))
	handle := func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(rw, "%s %s %v %v", r.Proto, body, err, r.Trailer)
	}
	for name, c := range map[string]struct {
		g     model.Gateway
		end   netip.AddrPort
		l     model.Listener
		url   string
		proto string
	}{
		"HTTP/1.1": {model.Gateway{}, httpServer(t, handle), model.Listener{Protocol: model.ListenHTTP}, "http://web/", "HTTP/1.1"},
		"HTTP/2":   {withTLS(toTLS()), w.serveWeb("a.example.com", handle), model.Listener{Protocol: model.ListenHTTPS, Certificates: []string{"web"}}, "https://web/", "HTTP/2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			at := virtualIP(t)
			mustPublish(t, w.relay, gateway(at, c.g, c.l, map[string]netip.AddrPort{"a.example.com": c.end}))
			out, in := io.Pipe()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, out)
			if err != nil {
				t.Fatal(err)
			}
			req.Trailer = http.Header{"X-Sum": nil}
			go func() {
				fmt.Fprint(in, "hello")
				req.Trailer.Set("X-Sum", "abc")
				in.Close()
			}()
			resp, err := w.browse(at).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			want := c.proto + " hello <nil> map[X-Sum:[abc]]"
			if said, err := io.ReadAll(resp.Body); err != nil || string(said) != want {
				t.Errorf("%q, %v, want %q", said, err, want)
			}
		})
	}
}

// TestOpenBodyBehindADeadEndpoint: a stream that goes both ways goes to the endpoint that
// lives, and stays whole.
func TestOpenBodyBehindADeadEndpoint(t *testing.T) {
	w := newWorld(t, Config{HoldOff: time.Nanosecond}) // each is tried in its turn
	w.shelf.put("web", w.ca.Issue([]string{"web"}))
	end := w.serveWeb("a.example.com", func(rw http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(rw).Flush()
		both := bufio.NewReader(r.Body)
		for {
			line, err := both.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprint(rw, "you said "+line)
			_ = http.NewResponseController(rw).Flush()
		}
	})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenHTTPS, Certificates: []string{"web"}},
		map[string]netip.AddrPort{"a.example.com": end, "b.example.com": closedPort(t)}))
	client := w.browse(at)
	for range 6 {
		out, in := io.Pipe()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://web/", out)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req) // before anything of the body is there
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(resp.Body)
		for i := range 3 {
			if _, err := fmt.Fprintf(in, "%d\n", i); err != nil {
				t.Fatal(err)
			}
			if got, err := r.ReadString('\n'); got != fmt.Sprintf("you said %d\n", i) {
				t.Fatalf("%q, %v", got, err)
			}
		}
		in.Close()
		resp.Body.Close()
	}
	if said := w.told.String(); !strings.Contains(said, "refused") {
		t.Errorf("the endpoint that is dead was never tried: %s", said)
	}
}

// TestVanishedTarget: requests leave an HTTP/2 connection at whose other end nobody is any
// more, though no packet says so.
func TestVanishedTarget(t *testing.T) {
	w := newWorld(t, Config{PingTimeout: time.Second})
	end := w.serveWeb("a.example.com", func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.Proto) })
	var gone atomic.Bool
	between := serve(t, func(c *net.TCPConn) {
		if gone.Load() {
			return
		}
		server := dial(t, end)
		pass := func(to, from *net.TCPConn) {
			b := make([]byte, 4096)
			for {
				n, err := from.Read(b)
				if err != nil {
					return
				}
				if !gone.Load() {
					_, _ = to.Write(b[:n])
				}
			}
		}
		go pass(c, server)
		pass(server, c)
	})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": between}))
	client := w.browse(at)
	if resp, body := get(t, client, "http://web/"); body != "HTTP/2.0" {
		t.Fatalf("%s %s", resp.Status, body)
	}
	gone.Store(true)
	if resp, body := get(t, client, "http://web/"); resp.StatusCode != http.StatusBadGateway {
		t.Errorf("%s %s", resp.Status, body)
	}
	gone.Store(false)
	if resp, body := get(t, client, "http://web/"); body != "HTTP/2.0" {
		t.Errorf("%s %s", resp.Status, body)
	}
}

// TestWebSocket: a connection that is switched to another protocol carries bytes both
// ways, until either end is done.
func TestWebSocket(t *testing.T) {
	w := newWorld(t, Config{})
	end := w.serveWeb("ws.example.com", func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Host == "web" {
			t.Errorf("asked for %s with Host %s", r.Header.Get("Upgrade"), r.Host)
		}
		conn, both, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprint(both, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		both.Flush()
		for {
			line, err := both.ReadString('\n')
			if err != nil || line == "bye\n" {
				return
			}
			fmt.Fprint(both, "you said "+line)
			both.Flush()
		}
	})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"ws.example.com": end}))
	c := dial(t, at)
	fmt.Fprint(c, "GET /chat HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", resp, err)
	}
	for i := range 3 {
		fmt.Fprintf(c, "%d\n", i)
		if got, err := r.ReadString('\n'); got != fmt.Sprintf("you said %d\n", i) {
			t.Fatalf("%q, %v", got, err)
		}
	}
	fmt.Fprint(c, "bye\n")
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Error(err)
	}
	c.Close()
	eventually(t, "both connections are gone", func() bool { return w.relay.Connections()+w.relay.upstreams.count() == 0 })
}

// TestTrickle: what has come of an answer goes on, though the rest does not come yet.
func TestTrickle(t *testing.T) {
	for _, length := range []string{"10", ""} {
		w := newWorld(t, Config{})
		seen := make(chan struct{})
		end := httpServer(t, func(rw http.ResponseWriter, r *http.Request) {
			if length != "" {
				rw.Header().Set("Content-Length", length)
			}
			_, _ = io.WriteString(rw, "first")
			_ = http.NewResponseController(rw).Flush()
			select {
			case <-seen:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(rw, "later")
		})
		at := virtualIP(t)
		mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": end}))
		resp, err := w.browse(at).Get("http://web/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		first := make([]byte, 5)
		if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "first" {
			t.Errorf("length %q: %q, %v", length, first, err)
		}
		close(seen)
		if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != "later" {
			t.Errorf("length %q: then %q, %v", length, rest, err)
		}
	}
}

// TestSlowClients: whoever takes too long to say what he wants is sent away, and others
// are served meanwhile.
func TestSlowClients(t *testing.T) {
	w := newWorld(t, Config{HelloTimeout: 200 * time.Millisecond})
	w.shelf.put("web", w.ca.Issue([]string{"web"}))
	for _, c := range []struct {
		l    model.Listener
		says string
	}{
		{model.Listener{Protocol: model.ListenHTTP}, ""},
		{model.Listener{Protocol: model.ListenHTTP}, "GET / HTTP/1.1\r\nHost: web\r\nX-A: "},
		{model.Listener{Protocol: model.ListenHTTP}, "PRI * HTTP/2.0\r\n\r\nSM\r\n"},
		{model.Listener{Protocol: model.ListenHTTPS, Certificates: []string{"web"}}, ""},
		{model.Listener{Protocol: model.ListenHTTPS, Certificates: []string{"web"}}, "\x16\x03\x01\x02"},
		{model.Listener{Protocol: model.ListenTLS, Certificates: []string{"web"}}, "\x16\x03\x01\x02"},
		{model.Listener{Protocol: model.ListenTLS, Passthrough: true}, "\x16\x03\x01\x02"},
		{model.Listener{Protocol: model.ListenPostgres, Certificates: []string{"web"}}, "\x00\x00\x00"},
	} {
		t.Run(fmt.Sprintf("%s %q", c.l.Protocol, c.says), func(t *testing.T) {
			at := virtualIP(t)
			mustPublish(t, w.relay, gateway(at, model.Gateway{}, c.l, map[string]netip.AddrPort{"a": serve(t, echo)}))
			slow := dial(t, at)
			fmt.Fprint(slow, c.says)
			_ = slow.SetReadDeadline(time.Now().Add(10 * time.Second))
			_, err := io.Copy(io.Discard, slow)
			if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
				t.Error("it is still connected")
			}
			eventually(t, "it is forgotten", func() bool { return w.relay.Connections() == 0 })
		})
	}
}

// TestSilentTargets: one that accepts and says nothing holds nobody for longer than the
// spec says.
func TestSilentTargets(t *testing.T) {
	silent := func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }
	t.Run("an answer", func(t *testing.T) {
		w := newWorld(t, Config{})
		at := virtualIP(t)
		mustPublish(t, w.relay, gateway(at, model.Gateway{HTTP: model.HTTP{ResponseTimeout: 100 * time.Millisecond}}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": serve(t, silent)}))
		if resp, body := get(t, w.browse(at), "http://web/"); resp.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("%s %s", resp.Status, body)
		}
	})
	t.Run("a handshake", func(t *testing.T) {
		w := newWorld(t, Config{})
		at := virtualIP(t)
		good := w.serveWeb("good.example.com", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "good") })
		mustPublish(t, w.relay, gateway(at, model.Gateway{BackendTLS: toTLS(), ConnectTimeout: 300 * time.Millisecond}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": serve(t, silent), "good.example.com": good}))
		for range 3 {
			if resp, body := get(t, w.browse(at), "http://web/"); body != "good" {
				t.Errorf("%s %s", resp.Status, body)
			}
		}
	})
	t.Run("nothing moves", func(t *testing.T) {
		w := newWorld(t, Config{UDPTimeout: 80 * time.Millisecond}) // it is looked after often
		for _, l := range []model.ListenerProtocol{model.ListenTCP, model.ListenPostgres} {
			at := virtualIP(t)
			mustPublish(t, w.relay, gateway(at, model.Gateway{IdleTimeout: 100 * time.Millisecond}, model.Listener{Protocol: l}, map[string]netip.AddrPort{"a": serve(t, silent)}))
			c := dial(t, at)
			fmt.Fprint(c, "hello world")
			wantReset(t, c)
		}
	})
}

// TestNoSmuggling: what one reads as one request, the other does, too: nothing comes of
// what is hidden in it, and nobody is connected whom the decision does not name.
func TestNoSmuggling(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	end := httpServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.Host+" "+r.URL.Path)
	})
	elsewhere := serve(t, func(*net.TCPConn) { t.Error("somebody else was connected to") })
	w := newWorld(t, Config{})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, model.Gateway{HTTP: model.HTTP{Host: model.HostReplaced, Hostname: "real.example.com"}}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	const hidden = "GET /hidden HTTP/1.1\r\nHost: web\r\n\r\n"
	for _, c := range []struct{ name, says string }{
		{"CL and TE", "POST /x HTTP/1.1\r\nHost: web\r\nContent-Length: " + fmt.Sprint(len("0\r\n\r\n"+hidden)) + "\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n" + hidden},
		{"two lengths", "POST /x HTTP/1.1\r\nHost: web\r\nContent-Length: 0\r\nContent-Length: " + fmt.Sprint(len(hidden)) + "\r\n\r\n" + hidden},
		{"an odd coding", "POST /x HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden},
		{"a space before the colon", "POST /x HTTP/1.1\r\nHost: web\r\nContent-Length : " + fmt.Sprint(len(hidden)) + "\r\n\r\n" + hidden},
		{"a folded line", "POST /x HTTP/1.1\r\nHost: web\r\nX: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" + hidden},
		{"two hosts", "GET /x HTTP/1.1\r\nHost: web\r\nHost: other\r\n\r\n"},
		{"a bare CR", "GET /x HTTP/1.1\r\nHost: web\r\nX: a\rContent-Length: 5\r\nConnection: close\r\n\r\n"},
		{"somebody else's URL", "GET http://" + elsewhere.String() + "/x HTTP/1.1\r\nHost: " + elsewhere.String() + "\r\nConnection: close\r\n\r\n"},
		{"a tunnel", "CONNECT " + elsewhere.String() + " HTTP/1.1\r\nHost: " + elsewhere.String() + "\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, at)
			fmt.Fprint(conn, c.says)
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			said, _ := io.ReadAll(conn)
			mu.Lock()
			defer mu.Unlock()
			if len(asked) > 1 || len(asked) == 1 && asked[0] != "POST real.example.com /x" && asked[0] != "GET real.example.com /x" {
				t.Errorf("%q was asked, and said %s", asked, said)
			}
			if len(asked) == 0 && !strings.HasPrefix(string(said), "HTTP/1.1 4") && !strings.HasPrefix(string(said), "HTTP/1.1 501") {
				t.Errorf("nothing was asked, and %q said", said)
			}
			asked = nil
		})
	}
}

// TestClientGone: one that is not there any more is told nothing that is not so.
func TestClientGone(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": serve(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })}))
	c := dial(t, at)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
	eventually(t, "it is asked for", func() bool { return w.relay.upstreams.count() == 1 })
	_ = c.CloseWrite()
	if said, _ := io.ReadAll(c); len(said) > 0 {
		t.Errorf("nobody has answered, and the client is told %q", said)
	}
}

// TestTenThousand: as many connections, opened and dropped, leave nothing behind.
func TestTenThousand(t *testing.T) {
	w := newWorld(t, Config{HelloTimeout: 5 * time.Second})
	w.shelf.put("web", w.ca.Issue([]string{"web"}))
	end := httpServer(t, func(http.ResponseWriter, *http.Request) {})
	var listeners []netip.AddrPort
	var services []*model.Published
	for i, l := range []model.Listener{
		{Protocol: model.ListenTCP},
		{Protocol: model.ListenHTTP},
		{Protocol: model.ListenPostgres},
		{Protocol: model.ListenHTTPS, Certificates: []string{"web"}},
		{Protocol: model.ListenTLS, Certificates: []string{"web"}},
	} {
		at := virtualIP(t)
		p := gateway(at, model.Gateway{}, l, map[string]netip.AddrPort{"a": end})
		p.Service.Key.Name = fmt.Sprint("web", i)
		listeners, services = append(listeners, at), append(services, p)
	}
	mustPublish(t, w.relay, services...)
	once := func(at netip.AddrPort, n int) {
		c, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Error(err)
			return
		}
		switch n % 4 {
		case 0: // says nothing
		case 1:
			fmt.Fprint(c, "GET / HT")
		case 2:
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
			_, _ = c.Read(make([]byte, 1))
		case 3: // a reset
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		c.Close()
	}
	for _, at := range listeners { // what is made once is there now
		once(at, 2)
	}
	eventually(t, "all is quiet", func() bool { return w.relay.Connections() == 0 })
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	var next atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			for n := next.Add(1); n <= 10_000; n = next.Add(1) {
				once(listeners[int(n)%len(listeners)], int(n/int64(len(listeners))))
			}
		})
	}
	all.Wait()
	eventually(t, "no connection is left", func() bool { return w.relay.Connections() == 0 })
	for _, l := range w.relay.listeners { // which keep connections for more requests
		for _, e := range l.(*tcpListener).route.Load().ends {
			e.leave()
		}
	}
	eventually(t, "goroutines and files are as before", func() bool {
		return runtime.NumGoroutine() <= goroutines+10 && openFiles(t) <= files+10
	})
}

// openFiles is how many this process has.
func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
