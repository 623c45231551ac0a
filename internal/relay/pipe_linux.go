package relay

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// pipeSize is what a pipe is to hold; pipeLeast is what the kernel must grant
	// for splicing to pay. It grants less to a user who has many pipes.
	pipeSize  = 1 << 20
	pipeLeast = 64 << 10

	spliceFlags = unix.SPLICE_F_NONBLOCK | unix.SPLICE_F_MOVE
)

// pipe carries bytes from socket to socket without a copy. It is empty whenever
// it is borrowed.
type pipe struct{ r, w int }

// pipePool lends pipes, at most max at a time. A nil pool has none.
type pipePool struct {
	free chan *pipe
	max  int64
	made atomic.Int64
}

func newPipePool(limit int) *pipePool {
	return &pipePool{free: make(chan *pipe, limit), max: int64(limit)}
}

// get returns an empty pipe, or nil if there is none to have.
func (p *pipePool) get() *pipe {
	if p == nil {
		return nil
	}
	select {
	case got := <-p.free:
		return got
	default:
	}
	if p.made.Add(1) > p.max {
		p.made.Add(-1)
		return nil
	}
	made := newPipe()
	if made == nil {
		p.made.Add(-1)
	}
	return made
}

// put takes a pipe back. One that is not empty is destroyed, with what it holds.
func (p *pipePool) put(back *pipe, empty bool) {
	if empty {
		p.free <- back // has room for max
		return
	}
	back.close()
	p.made.Add(-1)
}

// close destroys the pipes that nobody has borrowed.
func (p *pipePool) close() {
	for {
		select {
		case idle := <-p.free:
			idle.close()
			p.made.Add(-1)
		default:
			return
		}
	}
}

func newPipe() *pipe {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil
	}
	made := &pipe{fds[0], fds[1]}
	_, _ = unix.FcntlInt(uintptr(made.r), unix.F_SETPIPE_SZ, pipeSize)
	if size, err := unix.FcntlInt(uintptr(made.r), unix.F_GETPIPE_SZ, 0); err != nil || size < pipeLeast {
		made.close()
		return nil
	}
	return made
}

func (p *pipe) close() {
	_ = unix.Close(p.r)
	_ = unix.Close(p.w)
}

// fill moves what socket fd has into the pipe, which must be empty: EAGAIN then
// means that the socket has nothing.
func (p *pipe) fill(fd int) (int, error) { return splice(fd, p.w, pipeSize) }

// drain moves up to n bytes of the pipe to socket fd.
func (p *pipe) drain(fd, n int) (int, error) { return splice(p.r, fd, n) }

func splice(from, to, n int) (int, error) {
	for {
		moved, err := unix.Splice(from, nil, to, nil, n, spliceFlags)
		if err != unix.EINTR {
			return int(moved), err
		}
	}
}
