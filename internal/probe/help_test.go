package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// patience is the timeout of probes that are to be answered.
const patience = 20 * time.Second

// secret is a password that nothing may tell.
const secret = "correct horse battery staple"

// prober knows every Secret by the name of its user.
func prober() *Prober {
	return &Prober{Credentials: func(_ context.Context, _, name string) (Login, error) {
		return Login{User: name, Password: secret}, nil
	}}
}

// up fails the test unless the endpoint is up, and returns the result.
func up(t *testing.T, p *Prober, spec model.Probe, c model.Check) model.Result {
	t.Helper()
	if spec.Timeout == 0 {
		spec.Timeout = patience
	}
	r := p.Probe(t.Context(), "reporting", &spec, c)
	if !r.Up || r.Reason != "" || r.Detail != "" || r.Certain || r.Check != c || r.Began.IsZero() || r.Took <= 0 {
		t.Errorf("got %+v, want it up and nothing else", r)
	}
	return r
}

// down probes twice and fails the test unless the endpoint is down for the reason,
// and the detail has the words, the address, and nothing that changes.
func down(t *testing.T, p *Prober, spec model.Probe, c model.Check, reason string, words ...string) {
	t.Helper()
	if spec.Timeout == 0 {
		spec.Timeout = patience
	}
	r := p.Probe(t.Context(), "reporting", &spec, c)
	again := p.Probe(t.Context(), "reporting", &spec, c)
	if r.Up || r.Reason != reason || r.Warning != "" || r.Check != c || r.Began.IsZero() || r.Took <= 0 {
		t.Errorf("got %+v, want it down, %s", r, reason)
	}
	for _, w := range append(words, c.Addr.String()) {
		if !strings.Contains(r.Detail, w) {
			t.Errorf("the detail has no %q:\n%s", w, r.Detail)
		}
	}
	if again.Detail != r.Detail || again.Reason != r.Reason {
		t.Errorf("two probes, two stories:\n%s %s\n%s %s", r.Reason, r.Detail, again.Reason, again.Detail)
	}
	if own := strings.Contains(r.Detail, " was not asked"); r.Inconclusive != own {
		t.Errorf("inconclusive is %v with %s: %s", r.Inconclusive, r.Reason, r.Detail)
	}
	if strings.Contains(r.Detail, secret) {
		t.Errorf("the detail tells the password: %s", r.Detail)
	}
	if wrong := mismatch(r.Reason); r.Certain != wrong {
		t.Errorf("certain is %v with %s: %s", r.Certain, r.Reason, r.Detail)
	}
}

func mismatch(reason string) bool {
	return reason == model.ProbeNotPrimary || reason == model.ProbeNotReplica
}

// at is the check of an address without a name.
func at(addr netip.AddrPort) model.Check { return model.Check{Addr: addr} }

// serve runs handle for each connection to a listener of its own, until the test ends.
func serve(t testing.TB, handle func(*net.TCPConn)) netip.AddrPort {
	t.Helper()
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { ln.Close(); cancel() })
	go func() {
		for {
			c, err := ln.AcceptTCP()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			stop := context.AfterFunc(ctx, func() { c.Close() })
			go func() {
				defer stop()
				defer c.Close()
				handle(c)
			}()
		}
	}()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// says sends words, then waits for the other side to end.
func says(words string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		_, _ = io.WriteString(c, words)
		_, _ = io.Copy(io.Discard, c)
	}
}

// answers reads something, then says words.
func answers(words string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := c.Read(make([]byte, 1<<12)); err == nil {
			says(words)(c)
		}
	}
}

// closedPort returns an address at which nobody listens.
func closedPort(t testing.TB) netip.AddrPort {
	t.Helper()
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// eventually waits for what another process or goroutine brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not come about that %s", what)
		}
	}
}
