//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"fairlead.dev/internal/group"
)

// callers is how many connections carry requests at a fixed rate.
const callers = 8

// dialogue is what is said over a connection again and again.
type dialogue struct {
	request []byte
	// whole reports whether an answer is; it fails for a wrong one.
	whole func(answer []byte) (bool, error)
}

// echoed is the dialogue with serveEcho.
func echoed() dialogue {
	request := bytes.Repeat([]byte("fairlead"), 16)
	return dialogue{request, func(answer []byte) (bool, error) {
		if !bytes.HasPrefix(request, answer) {
			return false, fmt.Errorf("the answer is wrong: %q", answer)
		}
		return len(answer) == len(request), nil
	}}
}

// asked is the dialogue with serveHTTP.
func asked() dialogue {
	return dialogue{[]byte("GET / HTTP/1.1\r\nHost: inside\r\n\r\n"), func(answer []byte) (bool, error) {
		if !bytes.HasPrefix([]byte("HTTP/1.1 200"), answer[:min(12, len(answer))]) {
			return false, fmt.Errorf("the answer is wrong: %q", answer)
		}
		return bytes.HasSuffix(answer, []byte("\r\n\r\n"+httpBody)), nil
	}}
}

// steady sends requests at a fixed rate in all, over connections that stay, and
// returns how long each answer took, in seconds, from the moment it was sent. Each
// connection has a thread that waits in the kernel, so that no scheduler but the
// kernel's is measured on this side.
func steady(ctx context.Context, at netip.AddrPort, d dialogue, perSecond int, took time.Duration) ([]float64, error) {
	interval := time.Second * callers / time.Duration(perSecond)
	results := make([][]float64, callers)
	parts, ctx := group.New(ctx)
	for i := range callers {
		parts.Go(func() error {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			fd, err := connect(at)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			first := time.Now().Add(interval * time.Duration(i) / callers)
			results[i], err = call(ctx, fd, d, first, interval, took)
			return err
		})
	}
	err := parts.Wait()
	return slices.Concat(results...), err
}

// connect returns a blocking socket that gives up a read after a while.
func connect(at netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2})
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connecting to %s: %w", at, err)
	}
	return fd, nil
}

func call(ctx context.Context, fd int, d dialogue, next time.Time, interval, took time.Duration) ([]float64, error) {
	answer := make([]byte, 4096)
	var all []float64
	for end := next.Add(took); next.Before(end) && ctx.Err() == nil; next = next.Add(interval) {
		if wait := time.Until(next); wait > 0 {
			ts := unix.NsecToTimespec(int64(wait))
			unix.Nanosleep(&ts, nil) // ending early does no harm
		}
		began := time.Now()
		if _, err := unix.Write(fd, d.request); err != nil {
			return nil, fmt.Errorf("sending a request: %w", err)
		}
		got := 0
		for whole := false; !whole; {
			n, err := unix.Read(fd, answer[got:])
			if err == unix.EINTR {
				continue
			}
			if err != nil || n == 0 {
				return nil, fmt.Errorf("no answer: %d, %w", n, err)
			}
			got += n
			if whole, err = d.whole(answer[:got]); err != nil {
				return nil, err
			}
		}
		all = append(all, time.Since(began).Seconds())
	}
	return all, nil
}

// fetch asks for the HTTP answer once and compares it, waiting for the listener.
func fetch(ctx context.Context, p path) error {
	var last error
	for end := time.Now().Add(startLimit); time.Now().Before(end) && ctx.Err() == nil; pause(ctx, 10*time.Millisecond) {
		if err := p.proc.alive(); err != nil {
			return err
		}
		conn, err := net.Dial("tcp4", p.at.http.String())
		if err != nil {
			last = err
			continue
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(2 * time.Second))
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: backend\r\nConnection: close\r\n\r\n")
		got, err := io.ReadAll(conn)
		if err != nil || !bytes.HasSuffix(got, []byte("\r\n\r\n"+httpBody)) {
			return fmt.Errorf("it answers %q, %w", got, err)
		}
		return nil
	}
	return last
}
