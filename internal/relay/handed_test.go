package relay

import (
	"bufio"
	"context"
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
)

// TestUnansweredIsNotAskedTwice: a request that a new connection has carried may have been
// served, though no answer came.
func TestUnansweredIsNotAskedTwice(t *testing.T) {
	t.Run("by one endpoint alone", func(t *testing.T) {
		end, asked := says(t, func(int, int) []string { return []string{"EOF"} })
		w := newWorld(t, Config{})
		at := virtualIP(t)
		g := model.Gateway{HTTP: model.HTTP{RetryIdempotent: true}}
		mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
		if resp, body := get(t, w.browse(at), "http://web/"); resp.StatusCode != http.StatusBadGateway || asked.Load() != 1 {
			t.Errorf("%s %s, and it was asked %d times", resp.Status, body, asked.Load())
		}
	})
	for _, again := range []bool{false, true} {
		end, asked := says(t, func(int, int) []string { return []string{"EOF"} })
		other, _ := says(t, func(int, int) []string { return []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"} })
		w := newWorld(t, Config{})
		at := virtualIP(t)
		g := model.Gateway{HTTP: model.HTTP{RetryIdempotent: again}}
		mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end, "b": other}))
		for asked.Load() == 0 {
			resp, body := get(t, w.browse(at), "http://web/")
			switch want := asked.Load() == 0 || again; {
			case want && body != "hello":
				t.Errorf("%s %s", resp.Status, body)
			case !want && (resp.StatusCode != http.StatusBadGateway || !strings.Contains(body, "ends the connection before it has answered")):
				t.Errorf("%s %s", resp.Status, body)
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("it was asked %d times", n)
		}
	}
}

// TestSlowAnswers: one that takes its time comes, in the time that the spec gives it, and
// is not waited for by nobody.
func TestSlowAnswers(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("by TLS: %t", secure), func(t *testing.T) { slowAnswers(t, secure) })
	}
}

func slowAnswers(t *testing.T, secure bool) {
	asked, gone := make(chan struct{}, 10), make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		asked <- struct{}{}
		if req.URL.Path == "/body" {
			_ = http.NewResponseController(rw).Flush()
		}
		select {
		case <-time.After(promptly + 500*time.Millisecond):
			fmt.Fprint(rw, "hello")
		case <-req.Context().Done():
			gone <- struct{}{}
		}
	}))
	defer server.Close()
	w := newWorld(t, Config{})
	g := model.Gateway{}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{"a.example.com"})}}
	if secure {
		g = withTLS(toTLS())
		server.StartTLS()
	} else {
		server.Start()
	}
	end := server.Listener.Addr().(*net.TCPAddr).AddrPort()
	publish := func(limit time.Duration) netip.AddrPort {
		at := virtualIP(t)
		g.HTTP.ResponseTimeout = limit
		mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": end}))
		return at
	}
	for _, path := range []string{"", "body"} {
		if resp, body := get(t, w.browse(publish(0)), "http://web/"+path); body != "hello" {
			t.Errorf("%s: %s %s", path, resp.Status, body)
		}
	}
	if resp, body := get(t, w.browse(publish(promptly+100*time.Millisecond)), "http://web/"); resp.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("%s %s", resp.Status, body)
	}
	<-gone
	at := publish(0)
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://web/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for len(asked) > 0 {
		<-asked
	}
	go func() {
		<-asked
		cancel()
	}()
	if resp, err := w.browse(at).Do(req); err == nil {
		t.Error(resp.Status)
	}
	<-gone
	e := listenerAt(w.relay, at).route.Load().ends[0]
	eventually(t, "nothing is under way", func() bool { return e.open.Load() == 0 })
	if said := w.told.String(); said != "" || e.held.Load() != 0 {
		t.Errorf("the hooks were told %q", said)
	}
}

// TestLeaversHoldNobody: a client that leaves before its answer is no sign against the
// endpoint.
func TestLeaversHoldNobody(t *testing.T) {
	asked, answer := make(chan struct{}, 1), make(chan struct{})
	end, _ := says(t, func(int, int) []string {
		asked <- struct{}{}
		<-answer
		return []string{"EOF"}
	})
	w := newWorld(t, Config{UDPTimeout: 80 * time.Millisecond}) // it is looked after often
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	c := dial(t, at)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
	<-asked
	_ = c.Close()
	eventually(t, "the client is gone", func() bool { return w.relay.Connections() == 0 })
	close(answer)
	if said := w.told.String(); said != "" || listenerAt(w.relay, at).route.Load().ends[0].held.Load() != 0 {
		t.Errorf("the hooks were told %q", said)
	}
}

// TestClientLeavesAStream: a server whose stream nobody hears any more is told, though
// nothing moves.
func TestClientLeavesAStream(t *testing.T) {
	gone := make(chan struct{})
	end := httpServer(t, func(rw http.ResponseWriter, req *http.Request) {
		fmt.Fprint(rw, "event: hello\n")
		_ = http.NewResponseController(rw).Flush()
		<-req.Context().Done()
		close(gone)
	})
	r := newRelay(t, Config{UDPTimeout: 80 * time.Millisecond}) // it is looked after often
	at := virtualIP(t)
	mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	c := dial(t, at)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
	in := bufio.NewReader(c)
	for line := ""; line != "event: hello\n"; {
		var err error
		if line, err = in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-gone:
		t.Error("the stream ended while it was heard")
	case <-time.After(200 * time.Millisecond): // looked after several times
	}
	_ = c.Close()
	<-gone
}

// TestClientsAreLetGo: a listener that closes ends who waits for nothing, and has everybody
// else served.
func TestClientsAreLetGo(t *testing.T) {
	asked, answer := make(chan struct{}, 10), make(chan struct{})
	end := httpServer(t, func(rw http.ResponseWriter, req *http.Request) {
		asked <- struct{}{}
		if req.URL.Path == "/slow" {
			<-answer
		}
		fmt.Fprint(rw, "hello")
	})
	r := New(Config{})
	at := virtualIP(t)
	mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	request := func(c net.Conn, path string) {
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: web\r\n\r\n", path)
	}
	hears := func(what string, c net.Conn, ends bool) {
		t.Helper()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "hello" || resp.Close != ends {
			t.Errorf("%s: %q, %v, and the connection ends: %t", what, body, err, resp.Close)
		}
	}
	resting, working, arriving := dial(t, at), dial(t, at), dial(t, at)
	request(resting, "/")
	hears("the first", resting, false)
	<-asked
	request(working, "/slow")
	<-asked
	eventually(t, "all three are there", func() bool { return r.Connections() == 3 })
	closed := make(chan error, 1)
	go func() { closed <- r.Close(t.Context()) }()
	if n, err := resting.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%d, %v, want the end", n, err)
	}
	request(arriving, "/")
	hears("who has come before", arriving, true)
	close(answer)
	hears("who waits", working, true)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// TestHandedClientsAreLetGo: nobody whose request is under way goes without an answer when
// a listener closes, be it slow or not.
func TestHandedClientsAreLetGo(t *testing.T) {
	asked := new(atomic.Int64)
	end := httpServer(t, func(rw http.ResponseWriter, _ *http.Request) {
		n := asked.Add(1)
		time.Sleep(promptly - 100*time.Millisecond + time.Duration(n)*10*time.Millisecond)
		fmt.Fprint(rw, "hello")
	})
	r := New(Config{})
	at := virtualIP(t)
	mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	clients := make([]net.Conn, 40)
	for i := range clients {
		clients[i] = dial(t, at)
		fmt.Fprint(clients[i], "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
	}
	eventually(t, "all are asked for", func() bool { return asked.Load() == int64(len(clients)) })
	time.Sleep(promptly / 2)
	closed := make(chan error, 1)
	go func() { closed <- r.Close(t.Context()) }()
	for i, c := range clients {
		if said, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(said), "hello") {
			t.Errorf("client %d: %q, %v", i, said, err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
