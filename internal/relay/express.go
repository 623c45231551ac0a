package relay

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"slices"
	"time"

	"fairlead.dev/internal/http1"
)

// express carries the plain requests of one client: each goes from the buffer in which it
// came to the endpoint, with another Host, and its answer back. What is not plain, and
// whatever goes wrong, package http goes on with.
type express struct {
	s *webServer
	c *webClient

	rt   *route
	in   delivery // what the client has sent: a request, and maybe some of the next
	out  *[bufferSize]byte
	size int // of the request's head

	req  http1.Request
	resp http1.Response
}

// promptly is how long an answer may take whose client is not watched meanwhile.
const promptly = time.Second

// run returns what package http is to go on with, and whether it is to: otherwise the
// client is done.
func (x *express) run() (*handed, bool) {
	defer x.release()
	for first := true; x.wait(first); first = false {
		if !x.plain() {
			return nil, x.handOver()
		}
		h, stays := x.ask()
		if h != nil {
			return h, x.handOver()
		}
		if !stays {
			break
		}
		x.release()
	}
	return nil, false
}

// wait waits for the client's next request, without a buffer.
func (x *express) wait(first bool) bool {
	if !first && !x.c.rests(x.s) {
		return false
	}
	if first && x.c.SetReadDeadline(time.Now().Add(x.s.l.relay.cfg.HelloTimeout)) != nil {
		return false
	}
	x.in = delivery{src: x.c, buffers: &x.s.l.relay.buffers}
	if err := x.c.whenReadable(x.in.fill); err != nil || x.in.n == 0 {
		return false
	}
	return x.c.works() && (!first || x.c.SetReadDeadline(time.Time{}) == nil)
}

// plain reports whether what has come is a plain request for this listener.
func (x *express) plain() bool {
	x.rt = x.s.l.route.Load()
	x.size = http1.HeadLen(x.in.buf[:x.in.n])
	return x.size > 0 && x.s.l.manner(x.rt) == asRequests &&
		x.size <= x.rt.service.Gateway.HTTP.MaxHeaderBytes && x.req.Parse(x.in.buf[:x.size])
}

// handOver has what was read be read again.
func (x *express) handOver() bool {
	x.c.unread(slices.Clone(x.in.buf[:x.in.n]))
	return true
}

// ask sends the request to an endpoint and passes the answer on. It returns whether the
// client may stay for another, or how far it has come.
func (x *express) ask() (h *handed, stays bool) {
	l := x.s.l
	order := l.order(x.rt, x.c.client)
	if len(order) == 0 || !order[0].plain(x.rt) {
		return &handed{rt: x.rt, order: order}, false
	}
	order[0].open.Add(1)
	ln, end, h := x.reach(order)
	if h != nil {
		order[0].open.Add(-1)
		return h, false
	}
	if end != order[0] {
		end.open.Add(1)
		order[0].open.Add(-1)
		l.stick(x.rt, x.c.client, order[0], end)
	}
	x.c.on(ln)
	h, reusable, stays := x.carry(ln, end, order)
	x.c.on(nil)
	if h != nil && h.ln != nil {
		return h, false
	}
	end.open.Add(-1)
	if reusable {
		end.park(ln, l.relay.cfg.Now())
	} else {
		_ = ln.conn.Close()
	}
	return h, stays
}

// reach returns a connection to the first endpoint, or to the first that takes one; or how
// far that has come.
func (x *express) reach(order []*endpoint) (*lane, *endpoint, *handed) {
	if ln := order[0].lane(x.rt); ln != nil {
		return ln, order[0], nil
	}
	switch ln, end, err := x.s.l.relay.newLane(x.rt, order); {
	case err != nil && end != nil:
		return nil, nil, &handed{rt: x.rt, err: err, order: without(order, end)}
	case err != nil:
		return nil, nil, &handed{rt: x.rt, err: err, order: []*endpoint{}}
	case ln == nil:
		return nil, nil, &handed{rt: x.rt, order: order}
	default:
		return ln, end, nil
	}
}

// carry sends the request and passes the answer on. It returns whether the connection, and
// whether the client may carry another; or how far it has come.
func (x *express) carry(ln *lane, end *endpoint, order []*endpoint) (h *handed, reusable, stays bool) {
	x.out = x.s.l.relay.buffers.Get().(*[bufferSize]byte)
	sent := time.Now()
	if _, err := ln.conn.Write(x.request(end)); err != nil {
		return x.unanswered(ln, end, order, err), false, false
	}
	if err := ln.conn.SetReadDeadline(sent.Add(shorter(promptly, x.rt.service.Gateway.HTTP.ResponseTimeout))); err != nil {
		return x.unanswered(ln, end, order, err), false, false
	}
	got, size := 0, 0
	for size == 0 && got < len(x.out) {
		n, err := ln.conn.Read(x.out[got:])
		got += n
		if size = http1.HeadLen(x.out[:got]); size > 0 || err == nil {
			continue
		}
		if got == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
			return x.unanswered(ln, end, order, err), false, false
		}
		break
	}
	redirects := x.rt.service.Gateway.HTTP.RewriteRedirects
	if size == 0 || !x.resp.Parse(x.out[:size]) || x.resp.Located && redirects {
		return &handed{rt: x.rt, order: without(order, end), ln: ln, end: end, said: slices.Clone(x.out[:got]), sent: sent}, false, false
	}
	end.took()
	reusable, stays = x.answer(ln, size, got)
	return nil, reusable, stays
}

// unanswered is what is left of a request of which nothing came back; nil if that is the
// client's own doing. A connection that was kept may have ended before it: then the same
// endpoint is asked again, as package http does, since GET is safe (RFC 9110,
// section 9.2.2).
func (x *express) unanswered(ln *lane, end *endpoint, order []*endpoint, err error) *handed {
	switch {
	case x.c.wasCut():
		return nil
	case ln.kept && end.until.Load() == 0:
		return &handed{rt: x.rt, order: order}
	case ln.kept: // it takes no traffic any more
		return &handed{}
	}
	return &handed{rt: x.rt, err: x.s.forwarder.missed(x.rt, end, err), order: without(order, end)}
}

// request is the head for the endpoint.
func (x *express) request(end *endpoint) []byte {
	host := hostHeader(x.rt, end, string(x.req.Host))
	if !x.rt.service.Gateway.HTTP.Forwarded {
		return x.req.Append(x.out[:0], host)
	}
	var more []byte
	more = append(more, "X-Forwarded-For: "...)
	for _, before := range x.req.ForwardedFor {
		more = append(append(more, before...), ", "...)
	}
	more = x.c.client.AppendTo(more)
	more = append(append(more, "\r\nX-Forwarded-Host: "...), x.req.Host...)
	more = append(more, "\r\nX-Forwarded-Proto: http\r\n"...)
	return x.req.Append(x.out[:0], host, more)
}

// answer passes an answer on of whose octets got are there, size of them the head. It
// returns whether the endpoint's connection and the client's can carry another.
func (x *express) answer(ln *lane, size, got int) (reusable, stays bool) {
	ends := x.req.Close || x.s.ends()
	next := bytes.Clone(x.in.buf[x.size:x.in.n])
	var date, last []byte
	if !x.resp.Dated {
		date = time.Now().UTC().AppendFormat([]byte("Date: "), http.TimeFormat+"\r\n")
	}
	if ends {
		last = []byte("Connection: close\r\n")
	}
	body := x.resp.Body()
	some, err := body.Take(x.out[size:got])
	whole := x.resp.Append(x.in.buf[:0], date, last)
	if len(whole)+len(some) <= bufferSize {
		whole, some = append(whole, some...), nil
	}
	if !x.give(whole) || len(some) > 0 && !x.give(some) || err != nil {
		return false, false
	}
	if !body.Ended && ln.conn.SetReadDeadline(time.Time{}) != nil {
		return false, false
	}
	for !body.Ended {
		n, err := ln.conn.Read(x.out[:])
		some, malformed := body.Take(x.out[:n])
		if len(some) > 0 && !x.give(some) || malformed != nil || err != nil && !body.Ended {
			return false, false
		}
	}
	if len(next) > 0 {
		x.c.unread(next)
	}
	return !x.resp.Close && !body.More, !ends
}

func (x *express) give(b []byte) bool {
	_, err := x.c.Write(b)
	return err == nil
}

// release gives the buffers back, and forgets what stands in them: who rests is to hold none.
func (x *express) release() {
	clear(x.req.Fields)
	clear(x.req.ForwardedFor)
	clear(x.resp.Fields)
	x.req = http1.Request{Fields: x.req.Fields[:0], ForwardedFor: x.req.ForwardedFor[:0]}
	x.resp = http1.Response{Fields: x.resp.Fields[:0]}
	if x.in.buf != nil {
		x.in.release()
	}
	if x.out != nil {
		x.s.l.relay.buffers.Put(x.out)
		x.out = nil
	}
}
