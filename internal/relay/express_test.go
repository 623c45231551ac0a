package relay

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
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
	asked := new(atomic.Int64)
	return serve(t, func(c *net.TCPConn) {
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
				time.Sleep(time.Millisecond) // so that it is read in pieces
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
		"more than it says, too late":   {ok + "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
		"chunks, and more than it says": {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if method == http.MethodHead && !strings.HasPrefix(name, "no") && name != "a length" {
				continue
			}
			t.Run(name+" "+method, func(t *testing.T) {
				plain, other := look(t, method, pieces, false), look(t, method, pieces, true)
				if plain != other {
					t.Errorf("to a plain request\n%+v\nand to another one\n%+v", plain, other)
				}
				if strings.Contains(plain.body, "evil") || name == "a length" && method == http.MethodGet && plain.body != "hello" {
					t.Errorf("the body is %.100q", plain.body)
				}
			})
		}
	}
}

// look asks twice over one connection, and tells of the first answer.
func look(t *testing.T, method string, pieces []string, odd bool) (s seen) {
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
		req, err := http.NewRequestWithContext(t.Context(), method, "http://web/", nil)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(client, "%s / HTTP/1.1\r\nHost: web\r\n", method)
		if odd {
			fmt.Fprint(client, "TE: trailers\r\n")
		}
		fmt.Fprint(client, "\r\n")
		for {
			resp, err := http.ReadResponse(in, req)
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
		s.again = err == nil && (method == http.MethodHead || string(body) == "again")
	}
	return s
}

// TestKeptConnectionThatHasEnded: a server may end a connection whenever it likes, and no
// request is lost by that.
func TestKeptConnectionThatHasEnded(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	const last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
	for name, pieces := range map[string]func(all, here int) []string{
		"as it says":              func(_, here int) []string { return []string{map[bool]string{true: last, false: "never"}[here == 1]} },
		"after an answer":         func(int, int) []string { return []string{answer + "EOF"} },
		"instead of every second": func(_, here int) []string { return []string{map[bool]string{true: answer, false: "EOF"}[here == 1]} },
	} {
		t.Run(name, func(t *testing.T) {
			end, _ := says(t, pieces)
			r := newRelay(t, Config{})
			at := virtualIP(t)
			mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
			for i := range 50 { // by one client each, since one that has met trouble is no more plain
				c := dial(t, at)
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
				if said, err := io.ReadAll(c); err != nil || !bytes.HasSuffix(said, []byte("\r\n\r\nhello")) {
					t.Fatalf("request %d: %q, %v", i, said, err)
				}
			}
		})
	}
}

// TestNothingUnaskedIsAnAnswer: what an endpoint says of itself is not what the next client
// hears.
func TestNothingUnaskedIsAnAnswer(t *testing.T) {
	const answer, evil = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	for name, pieces := range map[string][]string{"a moment later": {answer, evil}, "at once": {answer + evil}} {
		t.Run(name, func(t *testing.T) {
			end, asked := says(t, func(_, here int) []string {
				if here > 1 {
					return []string{"EOF"}
				}
				return pieces
			})
			r := newRelay(t, Config{})
			at := virtualIP(t)
			mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
			for range 5 {
				c := dial(t, at)
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
				if said, err := io.ReadAll(c); err != nil || !bytes.HasSuffix(said, []byte("\r\n\r\nhello")) {
					t.Fatalf("%q, %v", said, err)
				}
				time.Sleep(50 * time.Millisecond) // it is there by now; were it not, the test would see less
			}
			if n := asked.Load(); n != 5 {
				t.Errorf("it was asked %d times for 5 answers", n)
			}
		})
	}
}

// TestUnansweredIsNotAskedTwice: a request that a new connection has carried may have been
// served, though no answer came.
func TestUnansweredIsNotAskedTwice(t *testing.T) {
	for _, again := range []bool{false, true} {
		end, asked := says(t, func(int, int) []string { return []string{"EOF"} })
		other, _ := says(t, func(int, int) []string { return []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"} })
		w := newWorld(t, Config{})
		at := virtualIP(t)
		g := model.Gateway{HTTP: model.HTTP{RetryIdempotent: again}}
		mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end, "b": other}))
		for asked.Load() == 0 {
			resp, body := get(t, w.browse(at), "http://web/")
			switch want := asked.Load() == 0 || again; {
			case want && body != "hello":
				t.Errorf("%s %s", resp.Status, body)
			case !want && (resp.StatusCode != http.StatusBadGateway || !strings.Contains(body, "ends the connection before it has answered")):
				t.Errorf("%s %s", resp.Status, body)
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("it was asked %d times", n)
		}
	}
}

// TestSlowAnswers: one that takes its time comes, in the time that the spec gives it, and
// is not waited for by nobody.
func TestSlowAnswers(t *testing.T) {
	gone := make(chan struct{}, 1)
	end := httpServer(t, func(rw http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/body" {
			_ = http.NewResponseController(rw).Flush()
		}
		select {
		case <-time.After(promptly + 500*time.Millisecond):
			fmt.Fprint(rw, "hello")
		case <-req.Context().Done():
			gone <- struct{}{}
		}
	})
	w := newWorld(t, Config{})
	publish := func(limit time.Duration) netip.AddrPort {
		at := virtualIP(t)
		g := model.Gateway{HTTP: model.HTTP{ResponseTimeout: limit}}
		mustPublish(t, w.relay, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
		return at
	}
	for _, path := range []string{"", "body"} {
		if resp, body := get(t, w.browse(publish(0)), "http://web/"+path); body != "hello" {
			t.Errorf("%s: %s %s", path, resp.Status, body)
		}
	}
	if resp, body := get(t, w.browse(publish(promptly+100*time.Millisecond)), "http://web/"); resp.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("%s %s", resp.Status, body)
	}
	<-gone
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://web/", nil)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	if resp, err := w.browse(publish(0)).Do(req); err == nil {
		t.Error(resp.Status)
	}
	<-gone
	for _, e := range listenerAt(w.relay, publish(0)).route.Load().ends {
		eventually(t, "nothing is under way", func() bool { return e.open.Load() == 0 })
	}
}

// TestClientLeavesAStream: a server whose stream nobody hears any more is told, though
// nothing moves.
func TestClientLeavesAStream(t *testing.T) {
	gone := make(chan struct{})
	end := httpServer(t, func(rw http.ResponseWriter, req *http.Request) {
		fmt.Fprint(rw, "event: hello\n")
		_ = http.NewResponseController(rw).Flush()
		<-req.Context().Done()
		close(gone)
	})
	r := newRelay(t, Config{UDPTimeout: 80 * time.Millisecond}) // it is looked after often
	at := virtualIP(t)
	mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	c := dial(t, at)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
	in := bufio.NewReader(c)
	for line := ""; line != "event: hello\n"; {
		var err error
		if line, err = in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-gone:
		t.Error("the stream ended while it was heard")
	case <-time.After(200 * time.Millisecond): // looked after several times
	}
	_ = c.Close()
	<-gone
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

// TestClientsAreLetGo: a listener that closes ends who waits for nothing, and has everybody
// else served.
func TestClientsAreLetGo(t *testing.T) {
	asked, answer := make(chan struct{}, 10), make(chan struct{})
	end := httpServer(t, func(rw http.ResponseWriter, req *http.Request) {
		asked <- struct{}{}
		if req.URL.Path == "/slow" {
			<-answer
		}
		fmt.Fprint(rw, "hello")
	})
	r := New(Config{})
	at := virtualIP(t)
	mustPublish(t, r, gateway(at, model.Gateway{}, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	request := func(c net.Conn, path string) {
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: web\r\n\r\n", path)
	}
	answered := func(what string, c net.Conn, ends bool) {
		t.Helper()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "hello" || resp.Close != ends {
			t.Errorf("%s: %q, %v, and the connection ends: %t", what, body, err, resp.Close)
		}
	}
	resting, working, arriving := dial(t, at), dial(t, at), dial(t, at)
	request(resting, "/")
	answered("the first", resting, false)
	<-asked
	request(working, "/slow")
	<-asked
	eventually(t, "all three are there", func() bool { return r.Connections() == 3 })
	closed := make(chan error, 1)
	go func() { closed <- r.Close(t.Context()) }()
	if n, err := resting.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%d, %v, want the end", n, err)
	}
	request(arriving, "/")
	answered("who has come before", arriving, true)
	close(answer)
	answered("who waits", working, true)
	if err := <-closed; err != nil {
		t.Error(err)
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

// TestKeptConnectionsEnd: one over which nothing has gone for long ends, and one by other
// terms is not used.
func TestKeptConnectionsEnd(t *testing.T) {
	ended, opened := make(chan struct{}, 10), new(atomic.Int64)
	end := serve(t, func(c *net.TCPConn) {
		opened.Add(1)
		in := bufio.NewReader(c)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				ended <- struct{}{}
				return
			}
			if line == "\r\n" {
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
			}
		}
	})
	var now clock
	r := newRelay(t, Config{Now: now.now})
	at := virtualIP(t)
	publish := func(limit time.Duration) {
		g := model.Gateway{HTTP: model.HTTP{ResponseTimeout: limit}}
		mustPublish(t, r, gateway(at, g, model.Listener{Protocol: model.ListenHTTP}, map[string]netip.AddrPort{"a": end}))
	}
	get := func(connections int64) {
		t.Helper()
		c := dial(t, at)
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
		if said, err := io.ReadAll(c); err != nil || !bytes.HasSuffix(said, []byte("hello")) {
			t.Fatalf("%q, %v", said, err)
		}
		eventually(t, "no client is left", func() bool { return r.Connections() == 0 })
		if n := opened.Load(); n != connections {
			t.Errorf("%d connections were opened, want %d", n, connections)
		}
	}
	publish(time.Minute)
	get(1)
	now.advance(idleRoad - time.Second)
	r.sweep(now.now())
	get(1)
	now.advance(idleRoad)
	r.sweep(now.now())
	<-ended
	get(2)
	publish(time.Hour)
	get(3)
	<-ended
	mustPublish(t, r) // the service is gone
	<-ended
}
