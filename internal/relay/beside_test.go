package relay

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fairlead.dev/internal/model"
)

// TestRequestsGoPastAHangingConnect: of requests that may not be sent twice, none waits
// for an endpoint that does not take the connection, where there is another.
func TestRequestsGoPastAHangingConnect(t *testing.T) {
	hangs := hanging(t)
	var failed failures
	var now clock
	r := newRelay(t, Config{Now: now.now, ConnectDelay: 20 * time.Millisecond, Hooks: Hooks{ConnectFailed: failed.hook}})
	alive := httpServer(t, func(rw http.ResponseWriter, req *http.Request) { _, _ = io.Copy(rw, req.Body) })
	at := virtualIP(t)
	// The connect timeout is longer than any test: only going past it helps.
	g := model.Gateway{ConnectTimeout: time.Hour}
	mustPublish(t, r, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": hangs, "b": alive}))
	for i := range 50 {
		if body := post(t, at, fmt.Sprint(i)); body != fmt.Sprint(i) {
			t.Fatalf("request %d is answered with %q", i, body)
		}
	}
	if errs := failed.of(hangs); len(errs) != 1 || !errors.Is(errs[0], errOvertaken) {
		t.Errorf("failures: %v, want that it was overtaken once and then tried last", errs)
	}
	if errs := failed.of(alive); len(errs) > 0 {
		t.Errorf("failures of the other: %v", errs)
	}
}

// TestSlowConnectIsWaitedFor: where nobody else answers, the endpoint that hangs is given
// all of its time.
func TestSlowConnectIsWaitedFor(t *testing.T) {
	slow, ln := crowdedListener(t)
	r := newRelay(t, Config{ConnectDelay: 20 * time.Millisecond})
	at := virtualIP(t)
	g := model.Gateway{ConnectTimeout: time.Hour}
	mustPublish(t, r, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": slow, "b": closedPort(t)}))
	s := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) { _, _ = io.Copy(rw, req.Body) })}
	t.Cleanup(func() { s.Close() })
	time.AfterFunc(100*time.Millisecond, func() { _ = s.Serve(ln) })
	if body := post(t, at, "hello"); body != "hello" {
		t.Errorf("answered with %q", body)
	}
}

// crowdedListener is hanging, until somebody accepts.
func crowdedListener(t *testing.T) (netip.AddrPort, net.Listener) {
	t.Helper()
	at, fd := crowded(t)
	dup, err := unix.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(dup), "crowded")
	defer file.Close()
	ln, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return at, ln
}

// TestAllConnectsHang: the client is told.
func TestAllConnectsHang(t *testing.T) {
	r := newRelay(t, Config{ConnectDelay: time.Millisecond})
	at := virtualIP(t)
	g := model.Gateway{ConnectTimeout: 50 * time.Millisecond}
	mustPublish(t, r, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": hanging(t), "b": hanging(t)}))
	if body := post(t, at, "hello"); !strings.Contains(body, "502 Bad Gateway") || !strings.Contains(body, "does not take the connection") {
		t.Errorf("answered with %q", body)
	}
}

// post returns what is said to a request that may not be sent twice.
func post(t *testing.T, at netip.AddrPort, body string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post("http://"+at.String(), "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}
