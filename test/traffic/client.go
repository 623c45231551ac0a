package traffic

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"
)

// Client says what to connect to, and how often.
type Client struct {
	// Dial connects to the service, however it is addressed.
	Dial func(context.Context) (net.Conn, error)
	// Every is the time between the beginnings of two connections, Timeout what
	// each may take in all.
	Every, Timeout time.Duration
	// User is trusted by the servers, and may insert into Table of Database, which
	// has one column, a unique integer.
	User, Database, Table string
}

// Run is a client at work. Its methods may be called concurrently.
type Run struct {
	client  Client
	ctx     context.Context // of the connections
	cancel  context.CancelFunc
	stop    chan struct{}
	stopped sync.WaitGroup

	mu  sync.Mutex
	log Log
}

// Start has the client connect until Stop, or until ctx ends.
func (c Client) Start(ctx context.Context) *Run {
	r := &Run{client: c, stop: make(chan struct{}), log: Log{Began: time.Now(), Every: c.Every}}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.stopped.Go(r.run)
	return r
}

func (r *Run) run() {
	tick := time.NewTicker(r.client.Every)
	defer tick.Stop()
	for seq := 1; ; seq++ {
		r.stopped.Go(func() { r.add(r.client.attempt(r.ctx, seq)) })
		select {
		case <-r.stop:
			return
		case <-r.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Run) add(a Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Attempts = append(r.log.Attempts, a)
}

// Mark notes that something happened now.
func (r *Run) Mark(what string) time.Time {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Marks = append(r.log.Marks, Mark{At: now, What: what})
	return now
}

// Log is what is known so far: the connections that have ended, in the order in
// which they began.
func (r *Run) Log() Log {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.log
	l.Attempts = slices.SortedFunc(slices.Values(l.Attempts), func(a, b Attempt) int { return a.Began.Compare(b.Began) })
	l.Marks = slices.Clone(l.Marks)
	return l
}

// Stop ends the client, waits for the connections that are under way, and
// returns all that is known.
func (r *Run) Stop() Log {
	close(r.stop)
	r.stopped.Wait()
	r.cancel()
	return r.Log()
}
