package lab

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Host is a network namespace with one address.
type Host struct {
	Name string
	Addr netip.Addr

	lab    *Lab
	holder *exec.Cmd
	port   string // of the switch, that it is plugged into
}

// namespace makes a host that is on no network yet, loopback up.
func (l *Lab) namespace(name string) (*Host, error) {
	// The namespace lives as long as this process, and that no longer than ours.
	holder := exec.Command("sleep", "infinity")
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := holder.Start(); err != nil {
		return nil, fmt.Errorf("making network namespace %s: %w", name, err)
	}
	h := &Host{Name: name, lab: l, holder: holder}
	l.cleanup(func() {
		holder.Process.Kill()
		holder.Wait()
	})
	if err := h.ip("link", "set", "lo", "up"); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *Host) pid() string { return strconv.Itoa(h.holder.Process.Pid) }

// Enter is the command that becomes the one after it, on the host.
func (h *Host) Enter() []string {
	return []string{"nsenter", "--net=/proc/" + h.pid() + "/ns/net", "--"}
}

// Command runs a program on the host. It dies with the test.
func (h *Host) Command(ctx context.Context, args ...string) *exec.Cmd {
	words := append(h.Enter(), args...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Output runs a program on the host and returns what it prints. An error holds
// what it printed to its standard error.
func (h *Host) Output(ctx context.Context, args ...string) (string, error) {
	cmd := h.Command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %q: %w: %s", h.Name, args, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}

func (h *Host) ip(args ...string) error {
	_, err := h.Output(context.Background(), append([]string{"ip"}, args...)...)
	return err
}

// Server is a long-running program on a host.
type Server struct {
	host *Host
	make func() *exec.Cmd
	cmd  *exec.Cmd
	done chan struct{}
	log  string
}

// serve starts a server and keeps its output in a file of the lab.
func (h *Host) serve(name string, command func() *exec.Cmd) (*Server, error) {
	s := &Server{host: h, make: command, log: filepath.Join(h.lab.dir, h.Name+"-"+name+".log")}
	h.lab.cleanup(s.Kill)
	return s, s.Start()
}

// Program starts a server that is a program of the machine.
func (h *Host) Program(name string, args ...string) (*Server, error) {
	return h.serve(name, func() *exec.Cmd { return h.Command(context.Background(), args...) })
}

// Start starts the server, also again after Kill.
func (s *Server) Start() error {
	out, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	s.cmd = s.make()
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		s.cmd.Wait()
	}()
	return nil
}

// Kill ends the server at once and waits until it is gone.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.done
}

// Stop asks the server to end with a signal and waits until it has.
func (s *Server) Stop(sig os.Signal) {
	s.cmd.Process.Signal(sig)
	<-s.done
}

// Log returns what the server printed so far.
func (s *Server) Log() string {
	text, _ := os.ReadFile(s.log)
	return string(text)
}

// await polls until ready succeeds, the server dies, or ctx ends.
func (s *Server) await(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("it ended: %w; it printed:\n%s", err, s.Log())
		case <-ctx.Done():
			return fmt.Errorf("it did not become ready: %w; it printed:\n%s", err, s.Log())
		case <-tick.C:
		}
	}
}
