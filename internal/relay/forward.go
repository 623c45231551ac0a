package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"fairlead.dev/internal/http1"
	"fairlead.dev/internal/model"
)

// forwarder passes the requests of one listener on to its endpoints.
type forwarder struct {
	l     *tcpListener
	proxy *httputil.ReverseProxy
}

// flushAfter is how long what has come of an answer of known length may wait for more of
// it. Of unknown length, and of events, everything goes on at once.
const flushAfter = 5 * time.Millisecond

func newForwarder(l *tcpListener) *forwarder {
	f := &forwarder{l: l}
	f.proxy = &httputil.ReverseProxy{
		Rewrite: f.rewrite, Transport: f, ModifyResponse: f.amend, ErrorHandler: f.fail,
		FlushInterval: flushAfter,
		BufferPool:    bufferPool{&l.relay.buffers},
		// Of an answer that breaks the client is told by its end.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return f
}

// exchange is one request under way, in its context.
type exchange struct {
	rt     *route
	client netip.Addr
	// scheme and host are those that the client has asked for.
	scheme, host string
	// handed is how far it has come already.
	handed *handed
	// end is the endpoint that has answered; nil before.
	end *endpoint
	// body is the client's, which may still be sent when the answer begins.
	body io.ReadCloser
	// header is that of the answer to the client.
	header http.Header
	// both says that the client can be hung up on in one direction: it speaks HTTP/2.
	both bool
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange { return r.Context().Value(exchangeKey{}).(*exchange) }

// ServeHTTP answers one request with what an endpoint says.
func (f *forwarder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	x := &exchange{rt: f.l.route.Load(), scheme: "http", host: req.Host}
	x.handed = takeHanded(req.Context())
	defer x.handed.drop()
	if x.handed != nil && x.handed.rt != nil {
		x.rt = x.handed.rt
	}
	if f.l.manner(x.rt) != asRequests { // since an edit, while the client was connected
		w.Header().Set("Connection", "close")
		http.Error(w, "503 Service Unavailable\n\nfairlead: "+x.rt.key.String()+" does not carry requests one by one any more: connect again", http.StatusServiceUnavailable)
		return
	}
	if req.TLS != nil {
		x.scheme = "https"
	}
	if from, err := netip.ParseAddrPort(req.RemoteAddr); err == nil {
		x.client = from.Addr().Unmap()
	}
	if req.Method == http.MethodConnect {
		http.Error(w, "405 Method Not Allowed\n\nfairlead: "+x.rt.key.String()+" is no proxy to elsewhere", http.StatusMethodNotAllowed)
		return
	}
	if req.URL.Opaque != "" || !http1.IsToken(req.Method) {
		http.Error(w, "400 Bad Request\n\nfairlead: this is no request for "+x.rt.key.String()+": write a method and a path, such as GET /", http.StatusBadRequest)
		return
	}
	if most := x.rt.service.Gateway.HTTP.MaxBodyBytes; most > 0 {
		req.Body = http.MaxBytesReader(w, req.Body, most)
	}
	x.body, x.both, x.header = req.Body, req.ProtoMajor == 2, w.Header()
	f.proxy.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), exchangeKey{}, x)))
}

// rewrite says what is the same for every endpoint.
func (f *forwarder) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL.Scheme = "http"
	if exchangeOf(p.In).rt.service.Gateway.BackendTLS != nil {
		p.Out.URL.Scheme = "https"
	}
	p.Out.URL.RawQuery = p.In.URL.RawQuery // as the client wrote it
	p.Out.Trailer = p.In.Trailer           // whose values come after the body

	// What comes after this upgrade would go by unseen (RFC 9113, section 3.1: deprecated).
	if strings.EqualFold(p.In.Header.Get("Upgrade"), "h2c") {
		p.Out.Header.Del("Upgrade")
		p.Out.Header.Del("Connection")
		p.Out.Header.Del("HTTP2-Settings")
	}
	p.Out.Host = p.In.Host
	if !exchangeOf(p.In).rt.service.Gateway.HTTP.Forwarded {
		return
	}
	p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
	p.SetXForwarded()
}

// RoundTrip asks one endpoint after the other until one answers. What an endpoint may
// have acted on is not asked of another one, unless it is idempotent and the spec says so.
func (f *forwarder) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req)
	body := &guarded{ReadCloser: req.Body}
	if x.both && req.Body != nil {
		body.ReadCloser, body.ends = x.body, true
	}
	resp, err := f.goOn(req, x)
	if err == nil {
		return resp, nil
	}
	order, failed := f.order(x), err != errNobody
	if failed && (req.Context().Err() != nil || !f.again(req, x.rt, body, err)) {
		order = nil
	}
	tries, hanging := order, []*endpoint(nil)
	for i := 0; i < len(tries); i++ {
		end := tries[i]
		if resp, err = f.ask(req, x.rt, end, body, i < len(order)-1); err == nil {
			x.end = end
			body.answered()
			if i < len(order) {
				f.overtaken(x.rt, hanging)
			}
			if (i > 0 || failed) && x.rt.service.SessionAffinity > 0 {
				f.l.sticky.moved(x.client, end.place(), f.l.relay.cfg.Now())
			}
			return resp, nil
		}
		if errors.Is(err, errHangs) { // it is waited for when there is nobody else
			hanging = append(hanging, end)
			tries = slices.Concat(order, hanging)
		}
		if req.Context().Err() != nil || !f.again(req, x.rt, body, err) {
			break
		}
	}
	if req.Body != nil {
		_ = req.Body.Close()
	}
	if req.Context().Err() == nil && !body.failed() {
		f.l.relay.cfg.Hooks.refused(x.rt)
	}
	return nil, err
}

// errNobody is why a request is not answered for which there is no endpoint.
var errNobody = errors.New("there is no endpoint to ask")

// order are the endpoints in the order in which to ask them: of a request that was asked
// already those that are left.
func (f *forwarder) order(x *exchange) []*endpoint {
	if h := x.handed; h != nil && h.order != nil {
		return h.order
	}
	return f.l.order(x.rt, x.client)
}

// goOn returns the answer to a request that was asked already, or errNobody for one that
// was not, or is to be once more.
func (f *forwarder) goOn(req *http.Request, x *exchange) (*http.Response, error) {
	h := x.handed
	switch {
	case h == nil || h.err == nil && h.ln == nil:
		return nil, errNobody
	case h.err != nil:
		return nil, h.err
	}
	defer h.drop() // unless it is answered
	resp, err := h.answer(req)
	if err == nil {
		h.end.took()
		x.end = h.end
		return resp, nil
	}
	if req.Context().Err() != nil {
		return nil, err
	}
	if late := net.Error(nil); !h.ln.kept || !h.silent || errors.As(err, &late) && late.Timeout() {
		return nil, f.missed(x.rt, h.end, err)
	}
	h.order = append([]*endpoint{h.end}, h.order...)
	if now := f.l.route.Load(); h.end.until.Load() != 0 && f.l.manner(now) == asRequests {
		x.rt, h.order = now, nil // it takes no traffic any more
	}
	return nil, errNobody
}

// overtaken notes that those still connected when another endpoint had answered.
func (f *forwarder) overtaken(rt *route, hanging []*endpoint) {
	for _, end := range hanging {
		end.hold(f.l.relay.cfg.Now().Add(f.l.relay.cfg.HoldOff))
		f.l.relay.cfg.Hooks.connectFailed(rt, end.addr, errOvertaken)
	}
}

// ask asks one endpoint. Where there are others it is not waited for longer than
// ConnectDelay until it takes a connection.
func (f *forwarder) ask(req *http.Request, rt *route, end *endpoint, body *guarded, others bool) (*http.Response, error) {
	out, done := req.WithContext(req.Context()), func() { end.open.Add(-1) }
	var w *wait
	if others {
		out, w = waits(req, f.l.relay.cfg.ConnectDelay)
		done = func() { end.open.Add(-1); w.end() }
	}
	to := *req.URL
	to.Host = end.addr.String()
	out.URL, out.Host = &to, hostHeader(rt, end, req.Host)
	if req.Body != nil && req.Body != http.NoBody {
		out.Body = body
	}
	body.offer()
	end.open.Add(1)
	resp, err := end.road(f.l.relay, rt, req.Header.Get("Upgrade") != "").RoundTrip(out)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols && !switched(req, resp) {
		_ = resp.Body.Close()
		err = &unwanted{resp.Header.Get("Upgrade"), req.Header.Get("Upgrade")}
	}
	if err != nil {
		over, hung := w.over(out)
		done()
		switch {
		case hung:
			return nil, &unreachable{fmt.Errorf("%s %w", end.name(), errHangs)}
		case over:
			return nil, fmt.Errorf("%s took the connection when it was given up, and may have the request", end.name())
		}
		if req.Context().Err() == nil && !body.failed() {
			err = f.missed(rt, end, err)
		}
		return nil, err
	}
	end.took()
	resp.Body = untilClosed(resp.Body, done)
	return resp, nil
}

// unwanted is why an answer is none that switches to another protocol.
type unwanted struct{ to, asked string }

func (u *unwanted) Error() string {
	return fmt.Sprintf("it switches to %q, and %q was asked for", u.to, u.asked)
}

// switched reports whether an answer switches to the protocol that was asked for, by a
// connection that can be written to.
func switched(req *http.Request, resp *http.Response) bool {
	_, both := resp.Body.(io.Writer)
	to := req.Header.Get("Upgrade")
	return both && to != "" && strings.EqualFold(resp.Header.Get("Upgrade"), to) && hasToken(resp.Header["Connection"], "upgrade")
}

// streamError is what package net/http has where one stream of an HTTP/2 connection ends
// (RFC 9113, section 5.4.2). Its own type has no name here, and fills any of this form.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return fmt.Sprintf("stream error %d", e.Code) }

// hasToken reports whether a list in headers has the token.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for field := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(field), token) {
				return true
			}
		}
	}
	return false
}

// missed notes that an endpoint has not answered, and says so for a person. One that is
// slow is not held: others of its answers may be quick.
func (f *forwarder) missed(rt *route, end *endpoint, err error) error {
	late, limit := net.Error(nil), rt.service.Gateway.HTTP.ResponseTimeout
	if limit > 0 && errors.As(err, &late) && late.Timeout() && !errors.Is(err, syscall.ETIMEDOUT) && !errors.As(err, new(*unreachable)) {
		return fmt.Errorf("%s takes more than %s to answer, http.responseTimeout of the gateway: %w", end.name(), limit, err)
	}
	if errors.As(err, new(*unreachable)) { // that was noted already
		return err
	}
	if errors.As(err, new(streamError)) { // of HTTP/2: others over the same connection go on
		return fmt.Errorf("%s ends the request before it has answered: %w", end.name(), err)
	}
	end.hold(f.l.relay.cfg.Now().Add(f.l.relay.cfg.HoldOff))
	f.l.relay.cfg.Hooks.connectFailed(rt, end.addr, err)
	return fmt.Errorf("%s ends the connection before it has answered: %w", end.name(), err)
}

// again reports whether a request that failed may be asked of another endpoint.
func (f *forwarder) again(req *http.Request, rt *route, body *guarded, err error) bool {
	if body.touched() {
		return false
	}
	if errors.As(err, new(*unreachable)) {
		return true
	}
	idempotent := []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete}
	return rt.service.Gateway.HTTP.RetryIdempotent && slices.Contains(idempotent, req.Method) && (req.Body == nil || req.Body == http.NoBody)
}

// hostHeader is the Host header for an endpoint.
func hostHeader(rt *route, end *endpoint, asked string) string {
	g := rt.service.Gateway
	switch g.HTTP.Host {
	case model.HostOfClient:
		return asked
	case model.HostReplaced:
		return g.HTTP.Hostname
	case model.HostOfTarget:
	}
	name, usual := end.host, uint16(80)
	if g.BackendTLS != nil {
		name, usual = serverName(g.BackendTLS, end), 443
	}
	if name == "" {
		name = end.addr.Addr().String()
	}
	switch {
	case end.addr.Port() != usual:
		return net.JoinHostPort(name, strconv.Itoa(int(end.addr.Port())))
	case strings.Contains(name, ":"):
		return "[" + name + "]"
	}
	return name
}

// fail tells the client why its request was not answered.
func (f *forwarder) fail(w http.ResponseWriter, req *http.Request, err error) {
	x := exchangeOf(req)
	status := http.StatusBadGateway
	var tooLarge *http.MaxBytesError
	var timeout net.Error
	switch {
	case req.Context().Err() != nil:
		// Nobody is left to be told. To return would be an answer, with status 200.
		panic(http.ErrAbortHandler)
	case errors.As(err, &tooLarge):
		status, err = http.StatusRequestEntityTooLarge, fmt.Errorf("the request's body has more than %d bytes, the maxBodyBytes of its gateway", tooLarge.Limit)
	case errors.Is(err, errNobody):
		status = http.StatusServiceUnavailable
	case errors.As(err, &timeout) && timeout.Timeout():
		status = http.StatusGatewayTimeout
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%d %s\n\nfairlead: %s: %v\n", status, http.StatusText(status), x.rt.key, err)
}

// bufferPool lends the relay's buffers.
type bufferPool struct{ pool *sync.Pool }

func (p bufferPool) Get() []byte  { return p.pool.Get().(*[bufferSize]byte)[:] }
func (p bufferPool) Put(b []byte) { p.pool.Put((*[bufferSize]byte)(b)) }
