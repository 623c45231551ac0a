//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// askOver asks for a name's IPv4 addresses once; the answer is sorted.
func askOver(conn net.Conn, name string) ([]netip.Addr, error) {
	client := dns.Client{Timeout: 2 * time.Second}
	q := new(dns.Msg).SetQuestion(name, dns.TypeA)
	m, _, err := client.ExchangeWithConn(q, &dns.Conn{Conn: conn})
	if err != nil {
		return nil, err
	}
	if m.Rcode != dns.RcodeSuccess {
		return nil, fmt.Errorf("%s: %s", name, dns.RcodeToString[m.Rcode])
	}
	return addresses(m), nil
}

func addresses(m *dns.Msg) []netip.Addr {
	var got []netip.Addr
	for _, rr := range m.Answer {
		if a, ok := rr.(*dns.A); ok {
			addr, _ := netip.AddrFromSlice(a.A.To4())
			got = append(got, addr)
		}
	}
	slices.SortFunc(got, netip.Addr.Compare)
	return got
}

// check asks for every service's addresses: a benchmark of wrong answers is
// worth nothing.
func check(ctx context.Context, server netip.AddrPort, all []service) error {
	conn, err := new(net.Dialer).DialContext(ctx, "udp4", server.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	return checkOver(conn, all)
}

// checkOver is check by a connection that stands.
func checkOver(conn net.Conn, all []service) error {
	for _, s := range all {
		got, err := askOver(conn, s.host())
		if err != nil {
			return fmt.Errorf("the answer is wrong: %w", err)
		}
		if !slices.Equal(got, s.want()) {
			return fmt.Errorf("the answer is wrong: %s is %v and should be %v", s.host(), got, s.want())
		}
	}
	return nil
}

// askEvery is how often watchers ask, and so how exact they are.
const askEvery = time.Millisecond

// watcher asks one server for one name over and over.
type watcher struct {
	conn  net.Conn
	name  string
	query []byte
}

func watch(server netip.AddrPort, name string) (*watcher, error) {
	conn, err := net.Dial("udp4", server.String())
	if err != nil {
		return nil, err
	}
	query, err := new(dns.Msg).SetQuestion(name, dns.TypeA).Pack()
	return &watcher{conn: conn, name: name, query: query}, err
}

func (w *watcher) close() { w.conn.Close() }

// until asks until the answer is want, and returns when that answer came. It does
// not wait for one answer before it asks again: early questions may be lost.
func (w *watcher) until(ctx context.Context, want []netip.Addr, limit time.Duration) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stopped := make(chan struct{})
	defer func() { cancel(); <-stopped }()
	go func() {
		defer close(stopped)
		tick := time.NewTicker(askEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			w.conn.Write(w.query) // refused while nobody listens
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	last := "no answer at all"
	buf := make([]byte, 4096)
	for ctx.Err() == nil {
		w.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := w.conn.Read(buf)
		at := time.Now()
		if err != nil {
			continue
		}
		var m dns.Msg
		if err := m.Unpack(buf[:n]); err != nil {
			return at, fmt.Errorf("%s: an answer that cannot be read: %w", w.name, err)
		}
		got := addresses(&m)
		if m.Rcode == dns.RcodeSuccess && slices.Equal(got, want) {
			return at, nil
		}
		last = fmt.Sprintf("%s %v", dns.RcodeToString[m.Rcode], got)
	}
	return time.Time{}, fmt.Errorf("%s is not %v after %s: %s", w.name, want, limit, last)
}
