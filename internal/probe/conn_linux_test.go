package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// sockets counts the sockets of this machine whose other end is addr, by state as
// the kernel writes it: 01 is established, 06 TIME_WAIT.
func sockets(t *testing.T, addr netip.AddrPort) map[string]int {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Skip(err)
	}
	ip := addr.Addr().As4()
	remote := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], addr.Port())
	all := map[string]int{}
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 3 && f[2] == remote {
			all[f[3]]++
		}
	}
	return all
}

// TestNothingIsLeft: after probes of every kind to every kind of server no socket is
// left, in whatever state.
func TestNothingIsLeft(t *testing.T) {
	for _, handle := range []func(*net.TCPConn){
		says(""), says("SSH-2.0-OpenSSH_9.2p1\r\n"), answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
		answers("+PONG\r\n"), answers("N"), flood("x"),
	} {
		// A server that is slower to close than two system calls are, as all are that
		// are not on the same machine.
		addr := serve(t, func(c *net.TCPConn) {
			handle(c)
			<-t.Context().Done()
		})
		for _, spec := range kinds() {
			spec.Timeout = 100 * time.Millisecond
			prober().Probe(t.Context(), "reporting", &spec, at(addr))
		}
		eventually(t, "no socket is left", func() bool { return len(sockets(t, addr)) == 0 })
	}
}

// TestTheServerSeesAnEnd: to a server the conversation ends, and is not broken off.
func TestTheServerSeesAnEnd(t *testing.T) {
	ends := make(chan error, 100)
	addr := serve(t, func(c *net.TCPConn) {
		_, err := io.Copy(io.Discard, c)
		ends <- err
		<-t.Context().Done()
	})
	for range cap(ends) {
		up(t, prober(), model.Probe{Kind: model.ProbeTCP}, at(addr))
	}
	for range cap(ends) {
		if err := <-ends; err != nil {
			t.Fatalf("the server read to the end and got %v", err)
		}
	}
	if left := sockets(t, addr); len(left) > 0 {
		t.Errorf("sockets are left, by state: %v", left)
	}
}

// TestManyAtOnce: a server that is silent takes nothing from the probes of others.
func TestManyAtOnce(t *testing.T) {
	silent, sound := serve(t, says("")), serve(t, answers("+PONG\r\n"))
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() {
			prober().Probe(ctx, "reporting", &model.Probe{Kind: model.ProbeRedis, Timeout: time.Hour}, at(silent))
		})
	}
	eventually(t, "200 probes wait", func() bool { return sockets(t, silent)["01"] == 200 })
	var others sync.WaitGroup
	for range 200 {
		others.Go(func() { up(t, prober(), model.Probe{Kind: model.ProbeRedis}, at(sound)) })
	}
	others.Wait()
	cancel()
	group.Wait()
}
