package relay

import (
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

// TestPostgresWithoutTLS: where the relay has no TLS, client and server agree on it
// themselves.
func TestPostgresWithoutTLS(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	server := serve(t, func(conn *net.TCPConn) {
		request := make([]byte, 8)
		if _, err := io.ReadFull(conn, request); err == nil && string(request) == string(postgresRequest(sslRequest)) {
			_, _ = io.WriteString(conn, "S")
		}
	})
	mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenPostgres}, map[string]netip.AddrPort{"a": server}))
	conn := dial(t, at)
	if _, err := conn.Write(postgresRequest(sslRequest)); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); err != nil || string(answer) != "S" {
		t.Errorf("the server's answer came as %q, %v", answer, err)
	}
}

// TestCloseKeepsWhatDrains: a relay that is stopped lets connections run on, whatever
// onTargetDown says: their targets are not down. One that goes down meanwhile has them
// end.
func TestCloseKeepsWhatDrains(t *testing.T) {
	w := newWorld(t, Config{DrainTimeout: 20 * time.Second})
	at := virtualIP(t)
	pub := gateway(at, model.Gateway{CloseOnDown: true}, model.Listener{Protocol: model.ListenTCP}, map[string]netip.AddrPort{"a": serve(t, echo)})
	mustPublish(t, w.relay, pub)
	conn := dial(t, at)
	tell(t, conn, "before")
	closed := make(chan error, 1)
	go func() { closed <- w.relay.Close(context.Background()) }()
	eventually(t, "the listener is gone", func() bool {
		c, err := net.Dial("tcp", at.String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	tell(t, conn, "while it drains")
	w.relay.Publish(model.NewSnapshot("cluster.local", nil, nil, nil))
	if _, err := io.Copy(io.Discard, conn); err == nil {
		t.Error("the connection ended in order, want a reset")
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// tell writes a line and reads it back.
func tell(t *testing.T, conn net.Conn, line string) {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	defer conn.SetDeadline(time.Time{})
	back := make([]byte, len(line))
	if _, err := io.WriteString(conn, line); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, back); err != nil || string(back) != line {
		t.Fatalf("%q came back as %q, %v", line, back, err)
	}
}

// TestBackInTime: the only endpoint goes, and with it the listener; it comes back in time,
// and connections stay.
func TestBackInTime(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	pub := gateway(at, model.Gateway{DrainTimeout: 300 * time.Millisecond}, model.Listener{Protocol: model.ListenTCP}, map[string]netip.AddrPort{"a": serve(t, echo)})
	mustPublish(t, w.relay, pub)
	conn := dial(t, at)
	tell(t, conn, "before")
	down := *pub
	down.Decision.Endpoints = append([]model.Endpoint(nil), pub.Decision.Endpoints...)
	down.Decision.Endpoints[0].Ready = false
	mustPublish(t, w.relay, &down)
	mustPublish(t, w.relay, pub)
	deadline := time.Now().Add(600 * time.Millisecond)
	eventually(t, "the time of those that leave is over", func() bool { return time.Now().After(deadline) })
	tell(t, conn, "after")
}

// TestBusyWebSocket is not idle, on either side.
func TestBusyWebSocket(t *testing.T) {
	w := newWorld(t, Config{IdleTimeout: 400 * time.Millisecond})
	at := virtualIP(t)
	server := serve(t, func(conn *net.TCPConn) {
		buf := make([]byte, 4096)
		if _, err := conn.Read(buf); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		echo(conn)
	})
	mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": server}))
	conn := dial(t, at)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	head := make([]byte, 12)
	if _, err := io.ReadFull(conn, head); err != nil || string(head) != "HTTP/1.1 101" {
		t.Fatalf("%q, %v", head, err)
	}
	buf := make([]byte, 4096)
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		if _, err := io.ReadFull(conn, buf[:1]); err != nil {
			t.Fatal(err)
		}
		head = append(head, buf[0])
	}
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
		tell(t, conn, "busy")
		time.Sleep(20 * time.Millisecond)
	}
}

// TestWrongSwitch: an answer that switches to what was not asked for leaves nothing behind.
func TestWrongSwitch(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	server := serve(t, func(conn *net.TCPConn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		echo(conn)
	})
	mustPublish(t, w.relay, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": server}))
	for range 5 {
		req, err := http.NewRequest(http.MethodGet, "http://web/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "websocket")
		resp, err := w.browse(at).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusBadGateway {
			t.Errorf("it answers %s", resp.Status)
		}
	}
	eventually(t, "nothing is left", func() bool { return len(w.relay.upstreams.list()) == 0 })
}

// TestGatewayTakenAway from a service whose client is still connected.
func TestGatewayTakenAway(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	var asked atomic.Int64
	ends := map[string]netip.AddrPort{"a.example.com": httpServer(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })}
	pub := gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, ends)
	mustPublish(t, w.relay, pub)
	client := w.browse(at)
	for i := range 3 {
		resp, err := client.Get(fmt.Sprintf("http://web/%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, _ = io.Copy(io.Discard, resp.Body); resp.StatusCode != http.StatusOK {
			t.Errorf("request %d: %s", i, resp.Status)
		}
		resp.Body.Close()
		if i == 0 {
			plain := *pub
			plain.Service.Gateway = nil
			mustPublish(t, w.relay, &plain)
			eventually(t, "the client's connection has ended", func() bool { return w.relay.Connections() == 0 })
		}
	}
}

// TestAnotherService takes a listener's place: nothing of the first one's clients reaches
// it.
func TestAnotherService(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	name := func(n string) netip.AddrPort {
		return httpServer(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, n) })
	}
	first := gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": name("first")})
	mustPublish(t, w.relay, first)
	client := w.browse(at)
	if _, body := get(t, client, "http://web/"); body != "first" {
		t.Errorf("it is %q", body)
	}
	second := gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"b.example.com": name("second")})
	second.Service.Key.Name = "other"
	mustPublish(t, w.relay, second)
	eventually(t, "the first one's client has been let go", func() bool { return w.relay.Connections() == 0 })
	if _, body := get(t, client, "http://web/"); body != "second" {
		t.Errorf("it is %q", body)
	}
}

// TestOneAddressTwoNames: targets of two names at one address are two, with weights of
// their own.
func TestOneAddressTwoNames(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	var a, b atomic.Int64
	shared := httpServer(t, func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "a.") {
			a.Add(1)
		} else {
			b.Add(1)
		}
	})
	pub := gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": shared, "b.example.com": shared})
	for i := range pub.Service.Targets {
		if pub.Service.Targets[i].Name == "a.example.com" {
			pub.Service.Targets[i].Weight = 3
		}
	}
	mustPublish(t, w.relay, pub)
	for range 40 {
		get(t, w.browse(at), "http://web/")
	}
	if a.Load() != 30 || b.Load() != 10 {
		t.Errorf("asked were %d and %d, want 30 and 10", a.Load(), b.Load())
	}
}

// TestWeightOfATarget: its endpoints share it, however many there are.
func TestWeightOfATarget(t *testing.T) {
	pub := published("web", virtualIP(t), []netip.AddrPort{
		netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("10.0.0.2:80"), netip.MustParseAddrPort("10.0.0.3:80"),
	})
	pub.Service.Gateway = &model.Gateway{}
	pub.Service.Targets = []model.Target{{Name: "a", Weight: 9}, {Name: "b", Weight: 1}}
	for i := range pub.Decision.Endpoints {
		pub.Decision.Endpoints[i].Target = []string{"a", "b", "b"}[i]
	}
	all := behind(pub, pub.Service.Ports[0], netip.MustParseAddrPort("10.96.0.1:80"))
	ends := make([]*endpoint, len(all))
	for i, d := range all {
		ends[i] = &endpoint{addr: d.addr}
		ends[i].weight.Store(int64(d.weight))
	}
	var got [3]int
	for turn := range uint64(200) {
		got[byWeight(ends, turn)]++
	}
	if got != [3]int{180, 10, 10} {
		t.Errorf("of 200 turns each has %v, want 9 of 10 for a", got)
	}
}

// TestClientCertificateRefused after the handshake, as TLS 1.3 does it: that is told, too.
func TestClientCertificateRefused(t *testing.T) {
	w := newWorld(t, Config{})
	pair := w.ca.Issue([]string{"a.example.com"})
	server := serve(t, func(conn *net.TCPConn) {
		secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13})
		_, _ = io.Copy(io.Discard, secured)
	})
	at := virtualIP(t)
	mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), model.Listener{Protocol: model.ListenTCP}, map[string]netip.AddrPort{"a.example.com": server}))
	if conn, err := net.Dial("tcp", at.String()); err == nil { // it may be reset as soon as it is there
		defer conn.Close()
		if answer, err := io.ReadAll(conn); err == nil {
			t.Errorf("the client is told %q and an orderly end", answer)
		}
	}
	eventually(t, "somebody is told", func() bool {
		said := w.told.String() // the alert may be lost in the reset behind it
		return strings.Contains(said, "certificate required") || strings.Contains(said, "resets the connection before anything was said")
	})
}

// TestTargetGoesUnderAStream of both directions: the client hears of it, though it has not
// ended its own.
func TestTargetGoesUnderAStream(t *testing.T) {
	w := newWorld(t, Config{})
	at := virtualIP(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		hello := make([]byte, 5)
		_ = http.NewResponseController(rw).Flush()
		_, _ = io.ReadFull(r.Body, hello)
		_, _ = rw.Write(hello)
		_ = http.NewResponseController(rw).Flush()
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	pub := gateway(at, model.Gateway{CloseOnDown: true}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": server.Listener.Addr().(*net.TCPAddr).AddrPort()})
	pub.Service.Ports[0].AppProtocol = "grpc"
	mustPublish(t, w.relay, pub)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Transport{Protocols: protocols}
	t.Cleanup(client.CloseIdleConnections)
	body, say := io.Pipe()
	defer say.Close()
	req, err := http.NewRequest(http.MethodPost, "http://"+at.String()+"/", body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	go func() { _, _ = io.WriteString(say, "hello") }()
	if _, err := io.ReadFull(resp.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	w.relay.Publish(model.NewSnapshot("cluster.local", nil, nil, nil))
	ended := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(resp.Body)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the answer ended in order")
		}
	case <-time.After(20 * time.Second):
		t.Error("the client hears nothing")
	}
}
