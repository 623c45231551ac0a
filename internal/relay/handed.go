package relay

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// handed is how far a request has come that was plain and cannot go on as one: its answer
// is not plain, or slow, or does not come. Package http goes on with it from there.
type handed struct {
	rt *route
	// order are the endpoints to ask; nil for whose turn it is.
	order []*endpoint
	// err is why there is no answer, if there is none.
	err error
	// ln, if not nil, is the connection over which it was asked, of which said has come
	// so far, and end where that leads.
	ln   *lane
	end  *endpoint
	said []byte
	sent time.Time
	// silent says that no answer has begun.
	silent bool
}

type webClientKey struct{}

// handing has the first request of a client know what was handed over with it.
func handing(ctx context.Context, c net.Conn) context.Context {
	client, ok := c.(*webClient)
	if !ok || client.begun == nil && client.handed.Load() == nil {
		return ctx
	}
	return context.WithValue(ctx, webClientKey{}, client)
}

// takeHanded returns it, and nil to all requests after the first.
func takeHanded(ctx context.Context) *handed {
	client, ok := ctx.Value(webClientKey{}).(*webClient)
	if !ok {
		return nil
	}
	client.begin()
	return client.handed.Swap(nil)
}

// drop ends the connection on which nobody waits any more.
func (h *handed) drop() {
	if h == nil || h.ln == nil {
		return
	}
	_ = h.ln.conn.Close()
	h.end.open.Add(-1)
	h.ln = nil
}

// maxResponseHead is how long the head of an answer may be, with those that come before it.
const maxResponseHead = 1 << 20

// answer waits for the answer to a request that was sent already.
func (h *handed) answer(req *http.Request) (*http.Response, error) {
	conn := h.ln.conn
	h.silent = len(h.said) == 0
	var deadline time.Time
	if limit := h.rt.service.Gateway.HTTP.ResponseTimeout; limit > 0 {
		deadline = h.sent.Add(limit)
	}
	if err := conn.SetReadDeadline(deadline); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(req.Context(), func() { _ = beneath(conn).Close() })
	bounded := &io.LimitedReader{R: io.MultiReader(bytes.NewReader(h.said), conn), N: maxResponseHead}
	in := bufio.NewReader(bounded)
	resp, err := readResponse(in, req)
	h.silent = h.silent && bounded.N == maxResponseHead
	if err != nil {
		stop()
		return nil, err
	}
	bounded.N = math.MaxInt64
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		stop()
		return nil, err
	}
	end, ln := h.end, h.ln
	h.ln = nil
	done := sync.OnceFunc(func() {
		stop()
		_ = ln.conn.Close()
		end.open.Add(-1)
	})
	resp.Body = &ending{ReadCloser: resp.Body, done: done}
	return resp, nil
}

// readResponse reads the head of an answer, and passes those that come before it on.
func readResponse(in *bufio.Reader, req *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(req.Context())
	for {
		resp, err := http.ReadResponse(in, req)
		switch {
		case err != nil:
			return nil, err
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, &unwanted{to: resp.Header.Get("Upgrade")}
		case resp.StatusCode >= 200:
			return resp, nil
		}
		if trace != nil && trace.Got1xxResponse != nil {
			if err := trace.Got1xxResponse(resp.StatusCode, map[string][]string(resp.Header)); err != nil {
				return nil, err
			}
		}
	}
}
