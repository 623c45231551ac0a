package relay

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
)

func TestLargeTransferBothWays(t *testing.T) {
	const size = 48 << 20
	sums := make(chan [32]byte, 1)
	end := serve(t, func(c *net.TCPConn) {
		var sent sync.WaitGroup
		sent.Go(func() { sendNoise(c, 1, size) })
		sums <- sum(c)
		sent.Wait()
	})
	for name, limit := range map[string]int{"spliced": 64, "copied": 1} {
		t.Run(name, func(t *testing.T) {
			at := virtualIP(t)
			r := newRelay(t, Config{maxPipes: limit})
			if name == "copied" {
				p := r.pipes.get() // the only one
				defer r.pipes.put(p, true)
			}
			mustPublish(t, r, published("a", at, []netip.AddrPort{end}))
			c := dial(t, at)
			go sendNoise(c, 2, size)
			if got := sum(c); got != noise(1, size) {
				t.Error("what the server sent arrived changed")
			}
			if got := <-sums; got != noise(2, size) {
				t.Error("what the client sent arrived changed")
			}
		})
	}
}

// What was under way on a connection that broke does not turn up on another one.
func TestBytesOfBrokenConnectionAreDropped(t *testing.T) {
	const size = 4 << 20
	var conns atomic.Int32
	reset, sums := make(chan struct{}), make(chan [32]byte, 1)
	end := serve(t, func(c *net.TCPConn) {
		if conns.Add(1) == 1 {
			<-reset
			_ = c.SetLinger(0)
			return
		}
		sums <- sum(c)
	})
	at := virtualIP(t)
	r := newRelay(t, Config{maxPipes: 1})
	mustPublish(t, r, published("a", at, []netip.AddrPort{end}))
	first := dial(t, at)
	go func() { _, _ = io.Copy(first, zeros{}) }()
	eventually(t, "the endpoint's buffers are full", func() bool {
		all := r.tunnels.list()
		return len(all) == 1 && all[0].(*tunnel).up.stuck.Load()
	})
	close(reset)
	eventually(t, "the connection is gone", func() bool { return len(r.tunnels.list()) == 0 })
	sendNoise(dial(t, at), 4, size)
	if got := <-sums; got != noise(4, size) {
		t.Error("it arrived changed")
	}
}

func TestSlowReaderGetsEverything(t *testing.T) {
	const size = 8 << 20
	_, _, c := idleRelay(t, func(c *net.TCPConn) { sendNoise(c, 3, size) })
	if got := sum(smallReads{c}); got != noise(3, size) {
		t.Error("it arrived changed")
	}
}

type smallReads struct{ io.Reader }

func (r smallReads) Read(b []byte) (int, error) { return r.Reader.Read(b[:min(len(b), 1000)]) }

// sendNoise writes size bytes that follow from seed, in pieces of all sizes, so
// that both ways of copying take turns, and ends.
func sendNoise(c *net.TCPConn, seed byte, size int) {
	src := io.LimitReader(rand.NewChaCha8([32]byte{seed}), int64(size))
	sizes := rand.New(rand.NewPCG(uint64(seed), 0))
	buf := make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(src, buf[:1+sizes.IntN(1<<(4+sizes.IntN(15)))])
		if n > 0 {
			_, _ = c.Write(buf[:n])
		}
		if err != nil {
			_ = c.CloseWrite()
			return
		}
	}
}

func noise(seed byte, size int) [32]byte {
	return sum(io.LimitReader(rand.NewChaCha8([32]byte{seed}), int64(size)))
}

func sum(r io.Reader) [32]byte {
	h := sha256.New()
	_, _ = io.Copy(h, r)
	return [32]byte(h.Sum(nil))
}
