package relay

import (
	"cmp"
	"slices"
	"time"
)

// race is several connects at once; the first that is there wins.
type race struct {
	relay   *Relay
	rt      *route
	rest    []*endpoint // not tried yet
	running []*attempt
	results chan *attempt
}

// race goes on with an attempt that hangs and, one ConnectDelay after the other
// or as soon as one fails, with the endpoints of rest beside it.
func (r *Relay) race(rt *route, hangs *attempt, rest []*endpoint) (*socket, *endpoint) {
	c := &race{relay: r, rt: rt, rest: rest, results: make(chan *attempt, 1+len(rest))}
	c.await(hangs)
	c.next()
	delay := time.NewTicker(r.cfg.ConnectDelay)
	defer delay.Stop()
	for len(c.running) > 0 {
		select {
		case a := <-c.results:
			c.running = slices.DeleteFunc(c.running, func(o *attempt) bool { return o == a })
			if a.err == nil {
				c.abandon(a)
				return a.sock, a.end
			}
			r.failed(rt, a)
			c.next()
			delay.Reset(r.cfg.ConnectDelay)
		case <-delay.C:
			c.next()
		case <-r.cut:
			c.abandon(nil)
		}
	}
	return nil, nil
}

// next begins with the next endpoint that does not fail at once, if any.
func (c *race) next() {
	for len(c.rest) > 0 {
		a := begin(c.rest[0])
		c.rest = c.rest[1:]
		if a.err == nil {
			c.await(a)
			return
		}
		c.relay.failed(c.rt, a)
	}
}

func (c *race) await(a *attempt) {
	c.running = append(c.running, a)
	left := cmp.Or(c.rt.patience(), c.relay.cfg.ConnectTimeout) - time.Since(a.begun)
	go func() {
		a.err = a.wait(left)
		c.results <- a
	}()
}

// abandon closes the attempts that are still running and waits until they are
// gone. Those that winner overtook by a full delay count as failed.
func (c *race) abandon(winner *attempt) {
	for _, a := range c.running {
		a.sock.close()
	}
	for range c.running {
		<-c.results
	}
	for _, a := range c.running {
		if winner != nil && winner.begun.Sub(a.begun) >= c.relay.cfg.ConnectDelay {
			a.err = errOvertaken
			c.relay.failed(c.rt, a)
		}
	}
	c.running = nil
}
