package relay

import (
	"io"
	"os"
	"syscall"
)

// patient has one goroutine wait until a connection has something to read, with empty
// hands: a buffer is needed while it is filled, and not while nothing comes.
//
// It works below TLS as well, since package crypto/tls goes on reading after a timeout,
// and takes [nothingYet] for one.
type patient struct {
	raw syscall.RawConn
	fd  int
	// asking says that nobody wants to wait in a read.
	asking bool
	// try is what is tried, err what it returned last, and attempt that as raw wants it:
	// here, since as a variable of a function each would be a new object for every wait.
	try     func() error
	err     error
	attempt func(fd uintptr) bool
}

// nothingYet is why a read returns that is not to wait.
type nothingYet struct{}

func (nothingYet) Error() string   { return "nothing to read yet" }
func (nothingYet) Timeout() bool   { return true }
func (nothingYet) Temporary() bool { return true }

// whenReadable calls try, which reads through [patient.read], until that returns anything
// but [nothingYet], and waits in between.
func (p *patient) whenReadable(try func() error) error {
	if p.attempt == nil {
		p.attempt = p.once
	}
	p.try = try
	defer func() { p.try = nil }() // what it holds may be much
	if err := p.raw.Read(p.attempt); err != nil {
		return err
	}
	return p.err
}

// once tries, and reports whether that came to anything.
func (p *patient) once(fd uintptr) bool {
	p.fd, p.asking = int(fd), true
	p.err = p.try()
	p.asking = false
	return p.err != error(nothingYet{})
}

// now calls try once, without a wait.
func (p *patient) now(try func() error) error {
	p.try = try
	defer func() { p.try = nil }()
	if err := p.raw.Control(func(fd uintptr) { p.once(fd) }); err != nil {
		return err
	}
	return p.err
}

// read reads what is there, for try.
func (p *patient) read(b []byte) (int, error) {
	n, err := read(p.fd, b)
	switch {
	case wouldBlock(err):
		return 0, nothingYet{}
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return n, nil
}
