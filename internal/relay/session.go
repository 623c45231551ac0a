package relay

import (
	"container/list"
	"errors"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// keepDatagram is the largest datagram that is kept until the endpoint has
	// answered, so that it can be sent to the next one.
	keepDatagram = 4096
	// streamAfter is how long after the first answer a client that still sends
	// makes its session a stream, as in conntrack.
	streamAfter = 2 * time.Second
)

// session is what one client address of a UDP listener has with one endpoint.
type session struct {
	l      *udpListener
	rt     *route
	client netip.AddrPort
	from   unix.Sockaddr // client, as the kernel wants it
	end    *endpoint
	sock   *socket
	born   time.Time

	// Guarded by udpListener.mu.
	at     *list.Element // in udpListener.recent
	rest   []*endpoint   // not tried yet
	last   []byte        // the client's last datagram, until the endpoint has answered
	sent   time.Time
	in     int64
	stream bool

	// Of the answering goroutine.
	answered, heard atomic.Int64 // when it answered first and last, in Unix nanoseconds; zero: never
	out             atomic.Int64
}

// send gives the endpoint a datagram, without waiting for room. The caller holds
// udpListener.mu.
func (s *session) send(data []byte, now time.Time) error {
	s.sent = now
	first := s.answered.Load()
	if first == 0 && len(data) <= keepDatagram {
		s.last = append(s.last[:0], data...)
	} else {
		s.last = nil
	}
	s.stream = s.stream || first != 0 && now.UnixNano()-first > int64(streamAfter)
	var err error
	if cerr := s.sock.raw.Control(func(fd uintptr) { err = unix.Send(int(fd), data, 0) }); cerr != nil {
		return cerr
	}
	if err == nil {
		s.in += int64(len(data))
	}
	return err
}

// idle reports whether the session has been silent for too long. The caller
// holds udpListener.mu.
func (s *session) idle(now time.Time) bool {
	limit := s.l.relay.cfg.UDPTimeout
	if s.stream {
		limit = s.l.relay.cfg.UDPStreamTimeout
	}
	return now.Sub(s.sent) >= limit && now.UnixNano()-s.heard.Load() >= int64(limit)
}

// answer sends the client what the endpoint says until the session ends.
func (s *session) answer() {
	for {
		var n int
		var err error
		closed := s.sock.raw.Read(func(fd uintptr) bool {
			buf := s.l.relay.datagrams.Get().(*datagram)
			defer s.l.relay.datagrams.Put(buf)
			if n, err = unix.Read(int(fd), buf[:]); err == nil {
				s.reply(buf[:n])
			}
			return !wouldBlock(err)
		})
		if closed != nil {
			return
		}
		if refused(err) {
			s.l.mu.Lock()
			defer s.l.mu.Unlock()
			if s.l.sessions[s.client] == s {
				s.l.moveOn(s, err, s.last)
			}
			return
		}
	}
}

// reply sends the client an answer from the virtual IP.
func (s *session) reply(data []byte) {
	now := s.l.relay.cfg.Now().UnixNano()
	s.heard.Store(now)
	if s.answered.CompareAndSwap(0, now) {
		s.end.took()
	}
	s.out.Add(int64(len(data)))
	_ = s.l.raw.Write(func(fd uintptr) bool {
		return !wouldBlock(unix.Sendto(int(fd), data, 0, s.from))
	})
}

// dialUDP makes a socket that sends to one address and hears from it alone.
func dialUDP(to netip.AddrPort) (*socket, error) {
	family, sa := sockaddr(to)
	fd, err := newSocket(family, unix.SOCK_DGRAM)
	if err != nil {
		return nil, err
	}
	if err := unix.Connect(fd, sa); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	return wrap(fd, "endpoint")
}

// refused reports whether err says that the endpoint cannot be reached, as ICMP
// tells the sender of an earlier datagram.
func refused(err error) bool {
	return errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.EHOSTUNREACH) || errors.Is(err, unix.ENETUNREACH)
}

func outOfFiles(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }
