package relay

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// errHangs is why a request goes to the next endpoint: the connect to this one takes more
// than its delay. It goes on, for the requests after this one.
var errHangs = errors.New("does not take the connection for now")

// wait is one request's for a connection. It ends with one, new or kept, or when its time
// is over; whichever comes first.
type wait struct {
	done atomic.Bool
	// got says that the request has a connection, and may go over it at any time.
	got    atomic.Bool
	timer  *time.Timer
	giveUp context.CancelCauseFunc
}

type waitKey struct{}

// waits has the request given up after d if it has no connection by then.
func waits(req *http.Request, d time.Duration) (*http.Request, *wait) {
	ctx, giveUp := context.WithCancelCause(req.Context())
	w := &wait{giveUp: giveUp}
	w.timer = time.AfterFunc(d, func() {
		if w.done.CompareAndSwap(false, true) {
			giveUp(errHangs)
		}
	})
	ctx = context.WithValue(ctx, waitKey{}, w)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		w.got.Store(true)
		w.connected()
	}})
	return req.WithContext(ctx), w
}

// connected ends the wait of the request for which ctx is, if it waits.
func connected(ctx context.Context) {
	if w, ok := ctx.Value(waitKey{}).(*wait); ok {
		w.connected()
	}
}

func (w *wait) connected() {
	if w.done.CompareAndSwap(false, true) {
		w.timer.Stop()
	}
}

// over reports whether the request was given up, and whether that was before it had a
// connection: one that gets it at the very moment may have been sent.
func (w *wait) over(req *http.Request) (over, hung bool) {
	over = w != nil && context.Cause(req.Context()) == errHangs
	return over, over && !w.got.Load()
}

// end frees what the wait holds, once the request is over.
func (w *wait) end() {
	w.connected()
	w.giveUp(nil)
}
