//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// idleClients is how many connections stand at once.
const idleClients = 9000

// idle measures what connections take over which nothing moves, of gateways that have
// carried nothing before.
func (b *bench) idle(ctx context.Context, t table) error {
	for _, job := range []struct {
		name string
		at   func(gatewayPath) netip.AddrPort
		say  dialogue
	}{
		{"idle-tls", func(p gatewayPath) netip.AddrPort { return p.tls.echo }, echoed()},
		{"idle-web", func(p gatewayPath) netip.AddrPort { return p.web }, asked()},
	} {
		paths, err := b.gateways(ctx)
		if err != nil {
			return err
		}
		for _, p := range paths {
			if p.crew == nil {
				continue
			}
			added, err := idleMemory(ctx, p.crew, job.at(p), job.say)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", job.name, p.name, err)
			}
			t.add(job.name, p.name, added)
			p.crew.kill()
			b.progress("%-14s %-25s  %s", job.name, p.name, mebibytes.format(added))
		}
	}
	return nil
}

// idleMemory is by how much a gateway grows with 10,000 idle clients.
func idleMemory(ctx context.Context, c crew, at netip.AddrPort, d dialogue) (float64, error) {
	before, err := c.memory()
	if err != nil {
		return 0, err
	}
	for range idleClients {
		fd, err := connect(at)
		if err != nil {
			return 0, err
		}
		defer unix.Close(fd)
		if err := once(fd, d); err != nil {
			return 0, err
		}
	}
	pause(ctx, 2*time.Second)
	after, err := c.memory()
	return (after - before) / idleClients * 10_000, err
}

// once says one thing over a connection.
func once(fd int, d dialogue) error {
	_, err := call(context.Background(), fd, d, time.Now(), time.Hour, time.Nanosecond)
	return err
}
