package probe

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// program is a real server, as a process of its own.
type program struct {
	t    testing.TB
	cmd  *exec.Cmd
	addr netip.AddrPort
	said *saying
	done chan struct{}
}

// saying is what a program writes.
type saying struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *saying) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// launch starts a server that serves at addr, and ends it with the test.
func launch(t testing.TB, addr netip.AddrPort, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(name, args...), addr: addr, said: new(saying), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.done
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), p.said)
		}
	})
	return p
}

func (p *program) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends the server as a power cut does.
func (p *program) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// ready waits until a probe succeeds, or else is: a server that starts is down.
func (p *program) ready(is func() bool) *program {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-p.done:
			p.t.Fatalf("%s has ended:\n%s", p.cmd.Path, p.said)
		default:
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s does not get ready", p.cmd.Path)
		}
	}
	return p
}

// answersTo probes once.
func answersTo(spec model.Probe, addr netip.AddrPort) bool {
	spec.Timeout = time.Second
	return prober().Probe(context.Background(), "", &spec, at(addr)).Up
}

// freePort returns an address that is free for now.
func freePort(t testing.TB) netip.AddrPort {
	t.Helper()
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// installed returns the path of a Debian program, or skips the test.
func installed(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if _, err := os.Stat("/usr/sbin/" + name); err == nil {
		return "/usr/sbin/" + name
	}
	t.Skipf("%s is not installed: run `make packages` as root", name)
	return ""
}

// launchBuilt starts a server that prints its address and ends with its input.
func launchBuilt(t testing.TB, bin string, args ...string) netip.AddrPort {
	t.Helper()
	cmd := exec.Command(bin, args...)
	said := new(saying)
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(bin), err, said)
	}
	return netip.MustParseAddrPort(strings.TrimSpace(line))
}
