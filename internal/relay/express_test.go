package relay

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// says is a server that answers each request, the n-th of all and the n-th over its
// connection, with these pieces of octets, and ends the connection after the one that ends
// in "EOF".
func says(t *testing.T, pieces func(all, here int) []string) (netip.AddrPort, *atomic.Int64) {
	return saysOver(t, func(c *net.TCPConn) net.Conn { return c }, pieces)
}

// saysByTLS is the same inside TLS, each piece a record.
func (w *world) saysByTLS(name string, pieces func(all, here int) []string) (netip.AddrPort, *atomic.Int64) {
	own := &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{name})}, NextProtos: []string{"http/1.1"}}
	return saysOver(w.t, func(c *net.TCPConn) net.Conn { return tls.Server(c, own) }, pieces)
}

func saysOver(t *testing.T, over func(*net.TCPConn) net.Conn, pieces func(all, here int) []string) (netip.AddrPort, *atomic.Int64) {
	asked := new(atomic.Int64)
	return serve(t, func(raw *net.TCPConn) {
		c := over(raw)
		in, here := bufio.NewReader(c), 0
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if line != "\r\n" {
				continue
			}
			here++
			for _, p := range pieces(int(asked.Add(1)), here) {
				text, ends := strings.CutSuffix(p, "EOF")
				if _, err := io.WriteString(c, text); err != nil || ends {
					return
				}
				if c == net.Conn(raw) {
					time.Sleep(time.Millisecond) // so that it is read in pieces; records are in any case
				}
			}
		}
	}), asked
}

// seen is what a client makes of an answer.
type seen struct {
	status              int
	body, header        string
	broken, again, ends bool
	informed, asked     int
}

// TestAnswersAsTheyAre: an answer is the same to a client whose request is plain as to one
// whose is not, and after it the connection is in order.
func TestAnswersAsTheyAre(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 20_000)
	const dated = "Date: Sat, 28 Nov 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\n"
	const ok = "HTTP/1.1 200 OK\r\n" + dated
	for name, pieces := range map[string][]string{
		"no type":                       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		"a length":                      {ok + "X-A: b\r\nx-a: c\r\nContent-Length: 5\r\n\r\nhello"},
		"in pieces":                     {"HTTP/1.1 20", "0 OK\r\n" + dated, "Content-Length: 5\r\n\r", "\nhe", "llo"},
		"nothing":                       {ok + "Content-Length: 0\r\n\r\n"},
		"no date":                       {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"},
		"chunks":                        {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "3", "\r\nyou\r\n0\r\n", "\r\n"},
		"extensions":                    {ok + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n"},
		"trailers":                      {ok + "Trailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: y\r\n\r\n"},
		"much":                          {ok + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(big)) + big},
		"much in chunks":                {ok + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", len(big)) + big, "\r\n0\r\n\r\n"},
		"the last":                      {ok + "Connection: close\r\nContent-Length: 5\r\n\r\nhelloEOF"},
		"until the end":                 {ok + "\r\nhelloEOF"},
		"HTTP/1.0":                      {"HTTP/1.0 200 OK\r\n" + dated + "\r\nhelloEOF"},
		"no content":                    {"HTTP/1.1 204 No Content\r\nDate: Sat, 28 Nov 2026 00:00:00 GMT\r\n\r\n"},
		"not modified":                  {"HTTP/1.1 304 Not Modified\r\nDate: Sat, 28 Nov 2026 00:00:00 GMT\r\nEtag: a\r\n\r\n"},
		"informed first":                {"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", ok + "Content-Length: 5\r\n\r\nhello"},
		"a redirect":                    {"HTTP/1.1 302 Found\r\n" + dated + "Location: http://a.example.com/x\r\nContent-Length: 0\r\n\r\n"},
		"a long head":                   {ok + "X-Long: " + strings.Repeat("a", 10_000) + "\r\nContent-Length: 5\r\n\r\nhello"},
		"the connection's own":          {ok + "Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nhello"},
		"too little":                    {ok + "Content-Length: 50\r\n\r\nhelloEOF"},
		"broken chunks":                 {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloxx0\r\n\r\n"},
		"chunks that stop":              {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelEOF"},
		"no HTTP":                       {"SSH-2.0-OpenSSH\r\n\r\nEOF"},
		"half a head":                   {ok + "EOF"},
		"no answer":                     {"EOF"},
		"a switch":                      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: Upgrade\r\n\r\nEOF"},
		"informed and informed":         {strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100) + "EOF"},
		"two lengths":                   {ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhelloEOF"},
		"more than it says, at once":    {ok + "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
		"chunks, and more than it says": {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
	} {
		t.Run(name, func(t *testing.T) {
			plain, other := look(t, pieces, false), look(t, pieces, true)
			if plain != other {
				t.Errorf("to a plain request\n%+v\nand to another one\n%+v", plain, other)
			}
			if strings.Contains(plain.body, "evil") || name == "a length" && plain.body != "hello" {
				t.Errorf("the body is %.100q", plain.body)
			}
		})
	}
}

// look asks twice over one connection, and tells of the first answer.
func look(t *testing.T, pieces []string, odd bool) (s seen) {
	end, asked := says(t, func(n, _ int) []string {
		if n > 1 {
			return []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain"}
		}
		return pieces
	})
	r := newRelay(t, Config{})
	at := virtualIP(t)
	g := model.Gateway{HTTP: model.HTTP{RewriteRedirects: true}}
	mustPublish(t, r, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": end}))
	client := dial(t, at)
	in := bufio.NewReader(client)
	ask := func() *http.Response {
		fmt.Fprint(client, "GET / HTTP/1.1\r\nHost: web\r\n")
		if odd {
			fmt.Fprint(client, "TE: trailers\r\n")
		}
		fmt.Fprint(client, "\r\n")
		for {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				return nil
			}
			if resp.StatusCode >= 200 {
				return resp
			}
			s.informed++
		}
	}
	resp := ask()
	if resp == nil {
		return seen{broken: true}
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return seen{broken: true}
	}
	s.status, s.body = resp.StatusCode, string(body)
	if s.status == http.StatusBadGateway { // the address is another one each time, and the library has words of its own
		s.body = strings.ReplaceAll(strings.ReplaceAll(s.body, end.String(), "the endpoint"), "net/http: HTTP/1.x transport connection broken: ", "")
		resp.Header.Del("Content-Length")
	}
	if resp.Header.Get("Date") == "" {
		t.Error("there is no date")
	}
	resp.Header.Del("Date")
	for k, v := range resp.Trailer {
		resp.Header[k] = v
	}
	s.header = fmt.Sprint(resp.Header)
	s.asked = int(asked.Load())
	if s.ends = resp.Close; s.ends {
		return s
	}
	if resp = ask(); resp != nil {
		body, err := io.ReadAll(resp.Body)
		s.again = err == nil && string(body) == "again"
	}
	return s
}

// TestConnectingCounts: an endpoint that is being connected to has a connection, for those
// who look for the one with the fewest.
func TestConnectingCounts(t *testing.T) {
	w := newWorld(t, Config{})
	began, goOn := make(chan struct{}, 10), make(chan struct{})
	slow := serve(t, func(c *net.TCPConn) {
		began <- struct{}{}
		<-goOn
	})
	quick, _ := w.saysByTLS("b.example.com", func(int, int) []string { return []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"} })
	at := virtualIP(t)
	g := withTLS(toTLS())
	g.LeastConnections, g.ConnectTimeout = true, time.Minute
	mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": slow, "b.example.com": quick}))
	for len(began) == 0 {
		c := dial(t, at)
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
		select {
		case <-began:
			began <- struct{}{}
		case err := <-answered(c):
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 10 {
		if said := once(t, at); !strings.HasSuffix(said, "hello") {
			t.Fatalf("%q", said)
		}
	}
	close(goOn)
}

// answered tells when something has come.
func answered(c net.Conn) <-chan error {
	came := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		came <- err
	}()
	return came
}

// TestGoneWhileConnecting: a request goes to the next endpoint where the first one is
// taken away before it has taken the connection.
func TestGoneWhileConnecting(t *testing.T) {
	w := newWorld(t, Config{})
	began, goOn := make(chan struct{}, 10), make(chan struct{})
	own := &tls.Config{Certificates: []tls.Certificate{w.ca.Issue([]string{"a.example.com"})}}
	slow := serve(t, func(c *net.TCPConn) {
		began <- struct{}{}
		<-goOn
		s := tls.Server(c, own)
		_, _ = io.Copy(io.Discard, s)
	})
	quick, _ := w.saysByTLS("b.example.com", func(int, int) []string { return []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"} })
	at := virtualIP(t)
	g := withTLS(toTLS())
	g.CloseOnDown, g.ConnectTimeout = true, time.Minute
	ends := map[string]netip.AddrPort{"a.example.com": slow, "b.example.com": quick}
	mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, ends))
	for {
		c := dial(t, at)
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
		select {
		case <-began:
			delete(ends, "a.example.com")
			mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, ends))
			close(goOn)
			if said, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(said), "hello") {
				t.Errorf("%q, %v", said, err)
			}
			return
		case err := <-answered(c):
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPipelined: requests that come at once are answered in their order, plain or not.
func TestPipelined(t *testing.T) {
	end := httpServer(t, func(rw http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		fmt.Fprintf(rw, "%s %s %s.", req.Method, req.URL.Path, body)
	})
	r := newRelay(t, Config{})
	at := virtualIP(t)
	mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	c := dial(t, at)
	fmt.Fprint(c, "GET /1 HTTP/1.1\r\nHost: web\r\n\r\nGET /2 HTTP/1.1\r\nHost: web\r\n\r\nPOST /3 HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\n\r\nbodyGET /4 HTTP/1.1\r\nHost: web\r\n\r\nGET /5 HT")
	fmt.Fprint(c, "TP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
	in, got := bufio.NewReader(c), ""
	for {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			break
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		got += string(body)
	}
	if want := "GET /1 .GET /2 .POST /3 body.GET /4 .GET /5 ."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPlainRequestsGoAsTheyAre: the endpoint sees what the client wrote, its own name, and
// who asked. Package http would write the names of fields its own way.
func TestPlainRequestsGoAsTheyAre(t *testing.T) {
	heads := make(chan string, 1)
	end := serve(t, func(c *net.TCPConn) {
		in, head := bufio.NewReader(c), ""
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if head += line; line != "\r\n" {
				continue
			}
			heads <- head
			head = ""
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	r := newRelay(t, Config{})
	for name, c := range map[string]struct {
		http model.HTTP
		want string
	}{
		"forwarded": {model.HTTP{Forwarded: true}, "GET /a%2fb?q HTTP/1.1\r\nHost: a.example.com:%d\r\nx-loWer: 1\r\nX-Forwarded-For: 192.0.2.1, 127.0.0.1\r\nX-Forwarded-Host: web\r\nX-Forwarded-Proto: http\r\n\r\n"},
		"not":       {model.HTTP{Host: model.HostOfClient}, "GET /a%2fb?q HTTP/1.1\r\nHost: web\r\nx-loWer: 1\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			at := virtualIP(t)
			mustPublish(t, r, gateway(at, model.Gateway{HTTP: c.http}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a.example.com": end}))
			conn := dial(t, at)
			want := strings.ReplaceAll(c.want, "%d", fmt.Sprint(end.Port()))
			for range 2 {
				fmt.Fprint(conn, "GET /a%2fb?q HTTP/1.1\r\nHost: web\r\nx-loWer: 1\r\nConnection: keep-alive\r\nX-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n\r\n")
				if got := <-heads; got != want {
					t.Errorf("%q\nwant %q", got, want)
				}
				if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != http.StatusOK {
					t.Fatal(resp, err)
				}
			}
		})
	}
}

// TestWhoRestsHoldsNothing: buffers that were given back are not kept alive by what was read
// in them.
func TestWhoRestsHoldsNothing(t *testing.T) {
	x := &express{s: &webServer{l: &tcpListener{relay: newRelay(t, Config{})}}}
	x.in = delivery{buffers: &x.s.l.relay.buffers, buf: new([bufferSize]byte)}
	x.out = new([bufferSize]byte)
	x.in.n = copy(x.in.buf[:], "GET / HTTP/1.1\r\nHost: web\r\nX: y\r\nX-Forwarded-For: z\r\n\r\n")
	n := copy(x.out[:], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	if !x.req.Parse(x.in.buf[:x.in.n]) || !x.resp.Parse(x.out[:n]) {
		t.Fatal("they are not plain")
	}
	x.release()
	for _, f := range slices.Concat(x.req.Fields[:1], x.resp.Fields[:1]) {
		if f.Name != nil || f.Value != nil {
			t.Errorf("%q is held", f.Name)
		}
	}
	if x.req.ForwardedFor[:1][0] != nil || x.req.Host != nil || x.req.Target != nil || x.resp.Line != nil || x.in.buf != nil || x.out != nil {
		t.Errorf("%+v and %+v are held", x.req, x.resp)
	}
}
