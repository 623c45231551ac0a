package relay

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"fairlead.dev/internal/model"
)

// TestWhoWaitsHoldsNoBuffer: what is read with is given back before the wait for more.
func TestWhoWaitsHoldsNoBuffer(t *testing.T) {
	peers := make(chan *net.TCPConn)
	client := dial(t, serve(t, func(c *net.TCPConn) {
		peers <- c
		_, _ = io.Copy(io.Discard, c)
	}))
	peer := <-peers
	in, err := newInward(client)
	if err != nil {
		t.Fatal(err)
	}
	d := delivery{src: in, buffers: &sync.Pool{New: func() any { return new([bufferSize]byte) }}}
	waited := 0
	fill := func() error {
		err := d.fill()
		if errors.Is(err, nothingYet{}) {
			if waited++; d.buf != nil || d.n != 0 {
				t.Errorf("a buffer with %d bytes is held", d.n)
			}
			if _, err := io.WriteString(peer, "hello"); err != nil {
				t.Error(err)
			}
		}
		return err
	}
	in.unread([]byte("first"))
	for _, want := range []string{"first", "hello", "hello"} {
		if err := in.whenReadable(fill); err != nil || string(d.buf[:d.n]) != want {
			t.Fatalf("%q, %v, want %q", d.buf[:d.n], err, want)
		}
		if !d.deliver(client) || d.buf != nil {
			t.Fatal("the buffer is held after what was in it has been written")
		}
	}
	if waited != 2 {
		t.Errorf("it was waited %d times, want 2", waited)
	}
	_ = peer.CloseWrite()
	if err := in.whenReadable(d.fill); err != io.EOF || d.buf != nil {
		t.Errorf("%v, with a buffer: %t, want the end", err, d.buf != nil)
	}
	_ = client.Close()
	if err := in.whenReadable(d.fill); err == nil || d.buf != nil {
		t.Errorf("%v, with a buffer: %t, want an error", err, d.buf != nil)
	}
}

// TestCrumbs: TLS that arrives octet by octet, from both sides, is what it would be in one.
func TestCrumbs(t *testing.T) {
	w := newWorld(t, Config{})
	w.shelf.put("web", w.ca.Issue([]string{"web"}))
	roots := x509.NewCertPool()
	roots.AddCert(w.ca.Certificate())
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		own := &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{"a.example.com"})}, MaxVersion: version}
		end := serve(t, func(c *net.TCPConn) {
			s := tls.Server(crumbs{c}, own)
			_, _ = io.Copy(s, s)
			_ = s.Close()
		})
		t.Run(name, func(t *testing.T) {
			at := virtualIP(t)
			listener := model.Listener{Protocol: model.ListenTLS, Certificates: []string{"web"}}
			mustPublish(t, w.relay, gateway(at, withTLS(toTLS()), listener, map[string]netip.AddrPort{"a.example.com": end}))
			client := tls.Client(crumbs{dial(t, at)}, &tls.Config{RootCAs: roots, ServerName: "web", MaxVersion: version})
			want := bytes.Repeat([]byte("0123456789"), 3000)
			go func() {
				_, _ = client.Write(want)
				_ = client.CloseWrite()
			}()
			if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v, want the %d that were sent", len(got), err, len(want))
			}
		})
	}
}

// crumbs writes octet by octet.
type crumbs struct{ *net.TCPConn }

func (c crumbs) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := c.TCPConn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}
