//go:build linux

package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// load opens connections, each for one request, at a steady pace, as clients do that
// keep none.
type load struct {
	dial func(context.Context) (net.Conn, error)
	// pace is how many are opened in a second.
	pace int

	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	tries  []try
}

// try is one connection.
type try struct {
	began, ended time.Time
	// server is who answered.
	server string
	err    error
}

// batches is in how many steps a second's connections are opened.
const batches = 100

// begin opens connections until end.
func begin(ctx context.Context, pace int, dial func(context.Context) (net.Conn, error)) *load {
	l := &load{dial: dial, pace: pace}
	ctx, l.cancel = context.WithCancel(ctx)
	l.wg.Go(func() {
		tick := time.NewTicker(time.Second / batches)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				for range l.pace / batches {
					l.wg.Go(l.try)
				}
			}
		}
	})
	return l
}

// end returns what became of all connections.
func (l *load) end() []try {
	l.cancel()
	l.wg.Wait()
	return l.tries
}

func (l *load) try() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	t := try{began: time.Now()}
	t.server, t.err = l.ask(ctx)
	t.ended = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries = append(l.tries, t)
}

// ask reads an answer to its end: HTTP/1.0, so that the server closes.
func (l *load) ask(ctx context.Context) (string, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", fmt.Errorf("after %d octets: %w", len(answer), err)
	}
	head, body, whole := strings.Cut(string(answer), "\r\n\r\n")
	if !whole || !strings.Contains(head, " 200 ") {
		return "", errors.New("no answer: " + head)
	}
	return strings.TrimSpace(body), nil
}

// failed are the connections that nothing came back on, by when they began.
func failed(tries []try) []try {
	var out []try
	for _, t := range tries {
		if t.err != nil {
			out = append(out, t)
		}
	}
	return out
}

// shares counts who answered.
func shares(tries []try) map[string]int {
	n := make(map[string]int)
	for _, t := range tries {
		n[t.server]++
	}
	return n
}

// held are connections that stand: one request was answered on each, and the next is
// never asked.
type held struct {
	mu sync.Mutex
	// leads counts the connections by who answered, ended those that are over.
	leads, ended map[string]int
	last         time.Time // when the last one ended
	wg           sync.WaitGroup
	conns        []net.Conn
}

// hold opens connections and notes when each ends.
func hold(ctx context.Context, n int, dial func(context.Context) (net.Conn, error)) (*held, error) {
	h := &held{leads: make(map[string]int), ended: make(map[string]int)}
	for range n {
		conn, err := dial(ctx)
		if err != nil {
			return nil, errors.Join(err, h.close())
		}
		h.conns = append(h.conns, conn)
		server, err := keepAlive(conn)
		if err != nil {
			return nil, errors.Join(err, h.close())
		}
		h.leads[server]++
		h.wg.Go(func() {
			_, _ = conn.Read(make([]byte, 1))
			h.mu.Lock()
			defer h.mu.Unlock()
			h.ended[server]++
			h.last = time.Now()
		})
	}
	return h, nil
}

// keepAlive asks once who is there, and leaves the connection open.
func keepAlive(conn net.Conn) (string, error) {
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: held\r\n\r\n"); err != nil {
		return "", err
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	defer conn.SetReadDeadline(time.Time{})
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New("answered " + answer.Status)
	}
	return strings.TrimSpace(string(body)), err
}

// over is how many connections to each server have ended, and when the last one did.
func (h *held) over() (map[string]int, time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.ended), h.last
}

func (h *held) close() error {
	for _, conn := range h.conns {
		_ = conn.Close()
	}
	h.wg.Wait()
	return nil
}
