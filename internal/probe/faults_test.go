package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fairlead.dev/internal/model"
)

// kinds are all kinds of probes, with what they need.
func kinds() []model.Probe {
	return []model.Probe{
		{Kind: model.ProbeTCP},
		{Kind: model.ProbeTLS},
		{Kind: model.ProbeHTTP, Path: "/"},
		{Kind: model.ProbeHTTP, Path: "/", TLS: true},
		{Kind: model.ProbeGRPC},
		{Kind: model.ProbeGRPC, TLS: true},
		{Kind: model.ProbePostgres},
		{Kind: model.ProbePostgres, Role: model.RolePrimary, Credentials: "u"},
		{Kind: model.ProbeMySQL},
		{Kind: model.ProbeMySQL, Role: model.RolePrimary, Credentials: "u"},
		{Kind: model.ProbeRedis},
		{Kind: model.ProbeRedis, Role: model.RolePrimary, Credentials: "u"},
	}
}

func title(k model.Probe) string {
	s := string(k.Kind)
	if k.TLS {
		s += " with TLS"
	}
	if k.Role != "" {
		s += " " + string(k.Role)
	}
	return s
}

// TestFaults holds every kind against every way in which a server can fail that
// knows nothing of the protocol.
func TestFaults(t *testing.T) {
	const short, long = 300 * time.Millisecond, time.Second
	rows := []struct {
		name string
		addr func(*testing.T) netip.AddrPort
		// tcp is whether the probe of a bare connection succeeds.
		tcp     bool
		timeout time.Duration
		reasons []string
	}{
		{"nobody listens", func(t *testing.T) netip.AddrPort { return closedPort(t) }, false, patience, []string{model.ProbeRefused}},
		{"the connection is not taken", fullBacklog, false, short, []string{model.ProbeTimeout}},
		{"silence", handled(says("")), true, short, []string{model.ProbeTimeout}},
		{"an end at once", handled(func(*net.TCPConn) {}), true, patience, []string{model.ProbeReset}},
		{"an end after the first octets", handled(listens), true, patience, []string{model.ProbeReset}},
		{"a reset", handled(func(c *net.TCPConn) { listens(c); _ = c.SetLinger(0) }), true, patience, []string{model.ProbeReset}},
		{"another protocol", handled(says("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")), true, patience, []string{model.ProbeProtocol}},
		{"octets that mean nothing", handled(says(strings.Repeat("\x9d\x07\xe5", 4096))), true, patience, []string{model.ProbeProtocol}},
		{"a flood of zeros", handled(flood("\x00")), true, long, []string{model.ProbeProtocol, model.ProbeTimeout}},
		{"a flood of lines", handled(flood("+\r\n")), true, long, []string{model.ProbeProtocol, model.ProbeTimeout}},
		{"one octet at a time", handled(drip), true, long, []string{model.ProbeProtocol, model.ProbeTimeout}},
	}
	for _, row := range rows {
		for _, spec := range kinds() {
			t.Run(row.name+"/"+title(spec), func(t *testing.T) {
				t.Parallel()
				c := at(row.addr(t))
				if row.tcp && spec.Kind == model.ProbeTCP {
					up(t, prober(), spec, c)
					return
				}
				spec.Timeout = row.timeout
				if len(row.reasons) == 1 {
					down(t, prober(), spec, c, row.reasons[0])
					return
				}
				r := prober().Probe(t.Context(), "reporting", &spec, c)
				if r.Up || !slices.Contains(row.reasons, r.Reason) {
					t.Errorf("got %+v, want it down, %s", r, row.reasons)
				}
			})
		}
	}
}

// listens reads one octet, if there is one to read before long.
func listens(c *net.TCPConn) {
	_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = c.Read(make([]byte, 1))
}

// fullBacklog returns an address whose kernel takes no more connections.
func fullBacklog(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := errors.Join(
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
		unix.Listen(fd, 0),
	); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*unix.SockaddrInet4).Port))
	for range 10 {
		c, err := net.DialTimeout("tcp", addr.String(), 100*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this system takes connections beyond the backlog")
	return addr
}

func handled(handle func(*net.TCPConn)) func(*testing.T) netip.AddrPort {
	return func(t *testing.T) netip.AddrPort { return serve(t, handle) }
}

// flood sends without end.
func flood(unit string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		b := []byte(strings.Repeat(unit, 1<<14))
		for {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	}
}

// drip begins every protocol's answer and never ends it.
func drip(c *net.TCPConn) {
	for _, b := range []byte("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", 1000)) {
		if _, err := c.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestFloodOfRows: an answer that is right and has no end ends the probe, before its
// time is over and the memory full.
func TestFloodOfRows(t *testing.T) {
	addr := serve(t, func(c *net.TCPConn) {
		for _, say := range []string{"N", "R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"} {
			if _, err := c.Read(make([]byte, 1<<12)); err != nil {
				return
			}
			_, _ = io.WriteString(c, say)
		}
		_, _ = c.Read(make([]byte, 1<<12))
		column := "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x19\xff\xff\xff\xff\xff\xff\x00\x00"[1:]
		_, _ = io.WriteString(c, "T\x00\x00\x00\x1a\x00\x01x"+column)
		flood("D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x01t")(c)
	})
	down(t, prober(), model.Probe{Kind: model.ProbePostgres, Role: model.RolePrimary, Credentials: "u"}, at(addr), model.ProbeProtocol, "sends more than any answer has")
}

// TestAnsweredBefore: what a server said before it hung up is heard, though nothing
// can be told to it any more.
func TestAnsweredBefore(t *testing.T) {
	const words = "-ERR max number of clients reached\r\n"
	addr := serve(t, func(c *net.TCPConn) { _, _ = io.WriteString(c, words) })
	a := &attempt{check: at(addr), spec: new(model.Probe)}
	c, err := a.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 100 {
		if _, err := io.WriteString(c, "PING\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	got, err := io.ReadAll(c)
	if string(got) != words || err != nil && !hungUp(err) {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestCalledOff: a probe ends when its caller does, long before its timeout.
func TestCalledOff(t *testing.T) {
	for _, spec := range kinds()[1:] {
		t.Run(title(spec), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			addr := serve(t, func(c *net.TCPConn) {
				cancel()
				says("")(c)
			})
			spec.Timeout = time.Hour
			r := prober().Probe(ctx, "reporting", &spec, at(addr))
			if r.Up || r.Reason != model.ProbeTimeout || !strings.Contains(r.Detail, "called off") {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// TestExplain: what cannot be had on a loopback, as the kernel says it.
func TestExplain(t *testing.T) {
	dialing := func(n syscall.Errno) error {
		local, remote := &net.TCPAddr{Port: 40001}, &net.TCPAddr{Port: 5432}
		return fmt.Errorf("dial: %w", &net.OpError{Op: "dial", Net: "tcp", Source: local, Addr: remote, Err: os.NewSyscallError("connect", n)})
	}
	rows := []struct {
		err          error
		reason, says string
	}{
		{dialing(syscall.EHOSTUNREACH), model.ProbeUnreachable, "no route to host"},
		{dialing(syscall.ENETUNREACH), model.ProbeUnreachable, "network is unreachable"},
		{dialing(syscall.EPERM), model.ProbeUnreachable, "operation not permitted"},
		{dialing(syscall.EACCES), model.ProbeUnreachable, "permission denied"},
		{dialing(syscall.EADDRNOTAVAIL), model.ProbeNotAsked, "no local port"},
		{dialing(syscall.EMFILE), model.ProbeNotAsked, "ulimit -n"},
		{dialing(syscall.ENFILE), model.ProbeNotAsked, "ulimit -n"},
		{dialing(syscall.ENOBUFS), model.ProbeNotAsked, "no memory left"},
		{dialing(syscall.ENOMEM), model.ProbeNotAsked, "no memory left"},
		{dialing(syscall.ETIMEDOUT), model.ProbeTimeout, "does not take a connection"},
		{dialing(syscall.ECONNABORTED), model.ProbeReset, "closes the connection"},
		{&net.OpError{Op: "read", Source: &net.TCPAddr{Port: 40001}, Err: errors.New("strange")}, model.ProbeProtocol, "strange"},
	}
	for _, row := range rows {
		a := &attempt{spec: &model.Probe{Timeout: time.Second}}
		f := a.explain(row.err)
		if own := row.reason == model.ProbeNotAsked; f.inconclusive != own {
			t.Errorf("%v: inconclusive is %v, want %v", row.err, f.inconclusive, own)
		}
		if f.reason != row.reason || !strings.Contains(f.says, row.says) || strings.Contains(f.says, "40001") {
			t.Errorf("%v: got %s: %s, want %s with %q", row.err, f.reason, f.says, row.reason, row.says)
		}
	}
}

// TestPanic: a probe that breaks is a result like any other.
func TestPanic(t *testing.T) {
	p := &Prober{Credentials: func(context.Context, string, string) (Login, error) { panic("broken\ntwice") }}
	for _, kind := range []model.ProbeKind{model.ProbePostgres, model.ProbeMySQL, model.ProbeRedis} {
		down(t, p, model.Probe{Kind: kind, Credentials: "u"}, at(closedPort(t)), model.ProbeProtocol, "broken twice", "report it")
	}
}

func TestUnknownKind(t *testing.T) {
	down(t, prober(), model.Probe{Kind: "smtp"}, at(closedPort(t)), model.ProbeProtocol, `"smtp"`)
}

// TestNoCredentials: nothing is sent to anybody where the login is not to be had.
func TestNoCredentials(t *testing.T) {
	asked := serve(t, func(*net.TCPConn) { t.Error("connected, and has no login") })
	for _, kind := range []model.ProbeKind{model.ProbePostgres, model.ProbeMySQL, model.ProbeRedis} {
		spec := model.Probe{Kind: kind, Role: model.RolePrimary, Credentials: "db-login"}
		down(t, &Prober{}, spec, at(asked), model.ProbeCredentials, "no Secrets")
		var got string
		p := &Prober{Credentials: func(_ context.Context, namespace, name string) (Login, error) {
			got = namespace + "/" + name
			return Login{}, errors.New("the Secret db-login does not consent")
		}}
		down(t, p, spec, at(asked), model.ProbeCredentials, "the Secret db-login does not consent")
		if got != "reporting/db-login" {
			t.Errorf("asked for the Secret %s", got)
		}
		if kind != model.ProbeRedis {
			spec.Credentials = ""
			down(t, prober(), spec, at(asked), model.ProbeCredentials, "credentialsSecretRef")
		}
	}
}
