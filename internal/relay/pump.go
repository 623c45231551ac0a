package relay

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// bufferSize is what one read takes while little comes at a time.
	bufferSize = 16 << 10
	// bulkBelow ends splicing when less than this comes at a time.
	bulkBelow = 4 << 10
)

// where a direction broke.
type where int

const (
	atReading where = iota + 1
	atWriting
)

// pump is one direction of a tunnel. It copies through a buffer while messages
// are small and splices through a pipe inside the kernel while much comes.
// Buffers and pipes are borrowed while bytes are under way and no longer, so
// that a connection that waits holds none.
//
// A direction knows no deadline: the sweeper looks at moved and stuck, and cuts.
type pump struct {
	src, dst *socket
	pipes    *pipePool
	buffers  *sync.Pool // of *[bufferSize]byte

	moved atomic.Int64 // bytes that dst took
	stuck atomic.Bool  // dst takes no more for now

	buf  *[bufferSize]byte // the borrowed buffer
	pipe *pipe             // or the borrowed pipe
	off  int               // where in buf the bytes begin that dst has not taken
	n    int               // how many bytes of buf or pipe dst has not taken
	bulk bool              // splice next
	last error             // of the last system call

	err    error // why run ended early
	broken where // and at which side
}

func (p *pump) init(src, dst *socket, r *Relay) {
	p.src, p.dst, p.pipes, p.buffers = src, dst, r.pipes, &r.buffers
}

// run moves bytes until src ends, and returns nil then.
func (p *pump) run() error {
	defer p.release()
	fill, drain := p.fill, p.drain
	for {
		if err := p.step(p.src.raw.Read, fill); err != nil {
			if err == io.EOF {
				return nil
			}
			p.broken = atReading
			return fmt.Errorf("read: %w", err)
		}
		if err := p.step(p.dst.raw.Write, drain); err != nil {
			p.broken = atWriting
			return fmt.Errorf("write: %w", err)
		}
		p.release()
	}
}

// step runs do until it reports that it is done, with waits for the peer.
func (p *pump) step(wait func(func(uintptr) bool) error, do func(uintptr) bool) error {
	p.last = nil
	if err := wait(do); err != nil {
		return err
	}
	return p.last
}

// fill reads from src into a pipe or buffer. It returns false if nothing is
// there, and holds neither then.
func (p *pump) fill(fd uintptr) bool {
	p.n, p.off = 0, 0
	if p.bulk {
		p.pipe = p.pipes.get()
	}
	if p.pipe != nil {
		p.n, p.last = p.pipe.fill(int(fd))
		if p.last == unix.EINVAL {
			p.release()
			p.pipes, p.bulk = nil, false // src cannot be spliced
			return p.fill(fd)
		}
		p.bulk = p.n >= bulkBelow || wouldBlock(p.last)
	} else {
		p.buf = p.buffers.Get().(*[bufferSize]byte)
		p.n, p.last = read(int(fd), p.buf[:])
		p.bulk = p.n == len(p.buf)
	}
	if p.last != nil {
		p.n = 0
		p.release()
		return !wouldBlock(p.last)
	}
	if p.n == 0 {
		p.last = io.EOF
	}
	return true
}

// drain gives dst what fill took. It returns false while dst has no room.
func (p *pump) drain(fd uintptr) bool {
	for p.n > 0 {
		var n int
		if p.pipe != nil {
			n, p.last = p.pipe.drain(int(fd), p.n)
		} else {
			n, p.last = write(int(fd), p.buf[p.off:p.off+p.n])
		}
		if p.last != nil {
			waits := wouldBlock(p.last)
			p.stuck.Store(waits)
			return !waits
		}
		p.off += n
		p.n -= n
		p.moved.Add(int64(n))
	}
	if p.stuck.Load() {
		p.stuck.Store(false)
	}
	return true
}

// release gives the buffer or pipe back.
func (p *pump) release() {
	if p.buf != nil {
		p.buffers.Put(p.buf)
		p.buf = nil
	}
	if p.pipe != nil {
		p.pipes.put(p.pipe, p.n == 0)
		p.pipe = nil
	}
}

func read(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if err != unix.EINTR {
			return n, err
		}
	}
}

func write(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Write(fd, b)
		if err != unix.EINTR {
			return n, err
		}
	}
}
