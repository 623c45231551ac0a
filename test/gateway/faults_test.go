//go:build linux

package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// faults: clients that are slow, gone or rude, and targets that are cut off or never
// answer, are over after a while, and leave nothing in the gateway's Pods.
func faults(t *testing.T, s *site) {
	p := newPair(t, s)
	tcp := p.serve("tcp", "idleTimeout: 3s")
	web := p.serve("web", "listeners: [{port: 80, protocol: HTTP}], http: {responseTimeout: 2s}, connectTimeout: 1s, idleTimeout: 9s")
	p.settled()
	before := p.resources()
	const n = 200
	var open []net.Conn
	connect := func(dial func(context.Context) (net.Conn, error), say string) net.Conn {
		t.Helper()
		conn, err := dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, say); err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
		return conn
	}
	for range n { // slow-loris: a head that has no end
		connect(web, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	}
	for range n { // reset in the middle of a request
		_ = connect(web, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf").(*net.TCPConn).SetLinger(0)
		_ = open[len(open)-1].Close()
	}
	half, err := hold(t.Context(), n, tcp) // half-open: their target is cut off below
	if err != nil {
		t.Fatal(err)
	}
	for range 10 { // opened and dropped
		l := begin(t.Context(), 5000, func(ctx context.Context) (net.Conn, error) {
			conn, err := tcp(ctx)
			if err == nil {
				_ = conn.Close()
			}
			return conn, err
		})
		time.Sleep(200 * time.Millisecond)
		l.end()
	}
	if err := p.hosts["a"].Unplug(); err != nil {
		t.Fatal(err)
	}
	if err := p.servers["b"].Pause(); err != nil { // takes connections and never answers
		t.Fatal(err)
	}
	silent := p.curl("http://web/")
	if !strings.HasSuffix(silent, "status 502") && !strings.HasSuffix(silent, "status 504") {
		t.Errorf("of targets that do not answer the client is told %s", silent)
	}
	for range n {
		connect(tcp, "GET / HTTP/1.1\r\n")
	}
	p.until("connections over which nothing moves end", func(context.Context) error {
		over, _ := half.over()
		if over["a"]+over["b"] != n {
			return fmt.Errorf("%v of %v have ended", over, half.leads)
		}
		return nil
	})
	if err := p.servers["b"].Resume(); err != nil {
		t.Fatal(err)
	}
	if err := p.hosts["a"].Plug(); err != nil {
		t.Fatal(err)
	}
	for i, conn := range open { // slow clients are hung up on
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "i/o timeout") {
			t.Fatalf("client %d is still connected", i)
		}
		_ = conn.Close()
	}
	p.until("the gateway has let go of everything", func(context.Context) error {
		if now := p.resources(); now.files > before.files+slack || now.goroutines > before.goroutines+slack {
			return fmt.Errorf("it has %+v, and before %+v", now, before)
		}
		return nil
	})
	t.Logf("before %+v, after %+v", before, p.resources())
}

// slack is for the connections to the API server and of those who ask for the metrics,
// and for idle ones to targets.
const slack = 12

// resources are what the gateway's Pods hold.
type resources struct{ files, goroutines int }

func (s *site) resources() (r resources) {
	text := s.metrics(s.t.Context())
	for _, field := range []struct {
		name string
		sum  *int
	}{{"process_open_fds", &r.files}, {"go_goroutines", &r.goroutines}} {
		all := regexp.MustCompile(`(?m)^`+field.name+` (\S+)$`).FindAllStringSubmatch(text, -1)
		if len(all) != 2 {
			s.t.Fatalf("%d Pods tell of %s", len(all), field.name)
		}
		for _, m := range all {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				s.t.Fatal(err)
			}
			*field.sum += int(v)
		}
	}
	return r
}

// settled waits until the Pods hold no more and no less for a while.
func (s *site) settled() {
	last := s.resources()
	s.until("the gateway is at rest", func(context.Context) error {
		time.Sleep(2 * time.Second)
		now := s.resources()
		defer func() { last = now }()
		if now != last {
			return fmt.Errorf("it has %+v, and before %+v", now, last)
		}
		return nil
	})
}
