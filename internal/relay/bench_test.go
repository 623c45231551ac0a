package relay

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"fairlead.dev/internal/model"
)

// BenchmarkRequests is one client after the other over connections that stay, to a server
// that does as little as it can.
func BenchmarkRequests(b *testing.B) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn)
		}
	}()
	r := New(Config{})
	defer r.Close(b.Context())
	at := virtualIP(b)
	ends := map[string]netip.AddrPort{"a.example.com": l.Addr().(*net.TCPAddr).AddrPort()}
	mustPublish(b, r, gateway(at, model.Gateway{HTTP: model.HTTP{Host: model.HostOfTarget, Forwarded: true}}, model.Listener{Protocol: model.ListenHTTP}, ends))
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp4", at.String())
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for pb.Next() {
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: inside\r\n\r\n"); err != nil {
				b.Error(err)
				return
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
		}
	})
}

// answer answers requests without a body.
func answer(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if line == "\r\n" {
			if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n"); err != nil {
				return
			}
		}
	}
}
