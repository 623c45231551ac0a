//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fairlead.dev/test/lab"
)

// targetsRole is the argument that makes this program all targets of the probes,
// in a process of its own.
const targetsRole = "targets"

const (
	targetsAddr = "10.0.1.20"
	// tcpTargets and httpTargets are the ports of all targets.
	tcpTargets  = 5432
	httpTargets = 8080
)

// firewall is what makes some addresses of the targets refuse connections, as where
// nothing listens, and others say nothing at all.
const firewall = `table inet targets {
	chain in {
		type filter hook input priority 0; policy accept;
		ip daddr 10.102.0.0/15 meta l4proto tcp reject with tcp reset
		ip daddr 10.104.0.0/15 drop
	}
}
`

// probeWorld is two machines: one with the program under test, and one that has the
// addresses of all targets, and the outside DNS.
type probeWorld struct {
	*bench
	lab  *lab.Lab
	here *lab.Host
	dns  *outside
}

func (b *bench) runProbeWorld(ctx context.Context) (*probeWorld, error) {
	if _, err := find("nft", "nftables"); err != nil {
		return nil, err
	}
	l, err := lab.New()
	if err != nil {
		return nil, err
	}
	b.atEnd(l.Close)
	w := &probeWorld{bench: b, lab: l}
	if w.here, err = l.Host("prober", "10.0.1.10"); err != nil {
		return nil, err
	}
	there, err := l.Host("targets", targetsAddr)
	if err != nil {
		return nil, err
	}
	for _, do := range []struct {
		on   *lab.Host
		what []string
	}{
		{w.here, []string{"ip", "route", "add", "10.96.0.0/11", "via", targetsAddr}},
		{there, []string{"ip", "route", "add", "local", "10.96.0.0/11", "dev", "lo"}},
		{there, []string{"nft", firewall}},
	} {
		if _, err := do.on.Output(ctx, do.what...); err != nil {
			return nil, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	words := slices.Concat(there.Enter(), []string{self, targetsRole})
	if _, err := b.start("targets", exec.Command(words[0], words[1:]...)); err != nil {
		return nil, err
	}
	at := netip.AddrPortFrom(there.Addr, 53)
	conn, err := there.ListenPacket(at.String())
	if err != nil {
		return nil, err
	}
	w.dns = b.serveOutside(conn, at)
	return w, nil
}

// targets serves until ctx ends.
func targets(ctx context.Context) error {
	for port, serve := range map[int]func(net.Conn){tcpTargets: swallow, httpTargets: serveHTTP} {
		config := net.ListenConfig{KeepAlive: -1}
		l, err := config.Listen(ctx, "tcp4", fmt.Sprintf("0.0.0.0:%d", port))
		if err != nil {
			return err
		}
		go accept(l, serve)
	}
	<-ctx.Done()
	return nil
}

// swallow reads until the client has ended the connection, and ends it as late as a
// machine does that is half a millisecond away: what comes at once, as here, meets a
// probe between its two last calls, and leaves a socket in TIME_WAIT.
func swallow(conn net.Conn) {
	io.Copy(io.Discard, conn)
	time.Sleep(time.Millisecond)
}

// watched is one service with two tiers that are probed.
type watched struct {
	i int
	// primary and standby are the addresses of the tiers, name is the primary's
	// outside name; empty where it has none.
	primary, standby netip.Addr
	name             string
	// primaryUp and standbyUp are what probes are to find.
	primaryUp, standbyUp bool
}

// perHundred etc. say which targets are not well: of 10,000 services 500 have a
// dead primary, 500 a dead standby, 50 a silent primary and 50 a silent standby.
const (
	deadEvery   = 20
	silentEvery = 200
	httpEvery   = 10
)

func allWatched(n int) []watched {
	all := make([]watched, n)
	for i := range all {
		w := watched{i: i, primaryUp: true, standbyUp: true}
		primary, standby := 100, 101
		switch {
		case i%deadEvery == 0:
			primary, w.primaryUp = 102, false
		case i%deadEvery == deadEvery/2:
			standby, w.standbyUp = 103, false
		case i%silentEvery == 5:
			primary, w.primaryUp = 104, false
		case i%silentEvery == 15:
			standby, w.standbyUp = 105, false
		}
		at := func(net int) netip.Addr {
			return netip.AddrFrom4([4]byte{10, byte(net), byte(i / 250), byte(1 + i%250)})
		}
		w.primary, w.standby = at(primary), at(standby)
		if i%2 == 1 {
			w.name = fmt.Sprintf("primary-%05d.%s", i, outsideZone)
		}
		all[i] = w
	}
	return all
}

// service is what clients are to be told.
func (w watched) service() service {
	up := w.primary
	if !w.primaryUp {
		up = w.standby
	}
	return service{
		name: fmt.Sprintf("svc-%05d", w.i), namespace: fmt.Sprintf("bench-%d", w.i%namespaces),
		clusterIP: "None", endpoints: []string{up.String()},
	}
}

// headless is every second one, half of those with a name and half of the others.
func (w watched) headless() bool { return w.i/2%2 == 1 }

const watchedYAML = `---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  type: %[3]s
  ports: [{name: main, port: %[4]d}]
  targets:
  - {name: primary, priority: 0, %[5]s}
  - {name: standby, priority: 1, addresses: [%[6]s]}
  probe: {interval: 10s, %[7]s}
`

func (w watched) manifest() []byte {
	kind, port, probe := "ClusterIP", tcpTargets, "tcp: {}"
	if w.headless() {
		kind = "Headless"
	}
	if w.i%httpEvery == 3 {
		port, probe = httpTargets, "http: {path: /healthz}"
	}
	where := fmt.Sprintf("addresses: [%s]", w.primary)
	if w.name != "" {
		where = "hostname: " + strings.TrimSuffix(w.name, ".")
	}
	s := w.service()
	return fmt.Appendf(nil, watchedYAML, s.name, s.namespace, kind, port, where, w.standby, probe)
}

// write writes manifests and records.
func (w *probeWorld) write(all []watched) (string, error) {
	dir, err := w.manifests(nil)
	if err != nil {
		return "", err
	}
	for some := range slices.Chunk(all, perFile) {
		var text bytes.Buffer
		for _, one := range some {
			text.Write(one.manifest())
			if one.name != "" {
				w.dns.set(one.name, one.primary, restTTL)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("watched-%05d.yaml", some[0].i)), text.Bytes(), 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}
