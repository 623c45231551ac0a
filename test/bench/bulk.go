//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"fairlead.dev/internal/group"
)

// warmUp is how long streams run before they are measured.
const warmUp = 200 * time.Millisecond

// streams reads from n connections for a while and returns bytes per second of
// all of them, and all bytes that came, those before it was measured included.
func streams(ctx context.Context, at netip.AddrPort, n int, took time.Duration) (rate, total float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, warmUp+took+10*time.Second)
	defer cancel()
	var moved atomic.Int64
	var ended atomic.Bool
	want := pattern()
	parts, ctx := group.New(ctx)
	for range n {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp4", at.String())
		if err != nil {
			return 0, 0, err
		}
		defer conn.Close()
		parts.Go(func() error { return receive(conn, want, &moved, &ended) })
	}
	parts.Go(func() error {
		defer ended.Store(true)
		if !pause(ctx, warmUp) {
			return nil
		}
		before, began := moved.Load(), time.Now()
		pause(ctx, took)
		rate = float64(moved.Load()-before) / time.Since(began).Seconds()
		return nil
	})
	if err := parts.Wait(); err != nil {
		return 0, 0, err
	}
	if rate == 0 {
		return 0, 0, fmt.Errorf("nothing came from %s", at)
	}
	return rate, float64(moved.Load()), nil
}

// receive reads the pattern until ended. It looks at one byte of each read only:
// a look at all would cost as much as the relays do.
func receive(conn net.Conn, want []byte, moved *atomic.Int64, ended *atomic.Bool) error {
	buf := make([]byte, 256<<10)
	var at int64
	for !ended.Load() {
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := conn.Read(buf)
		if err != nil {
			return fmt.Errorf("a stream broke after %d bytes: %w", at, err)
		}
		if buf[0] != want[at%patternSize] || buf[n-1] != want[(at+int64(n)-1)%patternSize] {
			return fmt.Errorf("a stream is wrong after %d bytes", at)
		}
		at += int64(n)
		moved.Add(int64(n))
	}
	return nil
}

// verify reads some of a stream and compares every byte.
func verify(ctx context.Context, at netip.AddrPort) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp4", at.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	want, got := pattern(), make([]byte, patternSize)
	for block := range 200 {
		if _, err := io.ReadFull(conn, got); err != nil {
			return fmt.Errorf("block %d of a stream from %s: %w", block, at, err)
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("block %d of a stream from %s is wrong", block, at)
		}
	}
	return nil
}

// pause reports whether d passed before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
