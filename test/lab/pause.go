package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Pause stops the server and all processes that it started where they are
// (SIGSTOP): it hangs and answers nothing. The kernel still takes connections
// for it, as many as its backlog holds.
func (s *Server) Pause() error {
	return halt(s.cmd.Process.Pid)
}

// Resume undoes Pause.
func (s *Server) Resume() error {
	return release(s.cmd.Process.Pid)
}

// halt stops a process, then what it started: once it has stopped, it starts no
// more.
func halt(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	for {
		p, err := processOf(pid)
		if err != nil || p.state == "Z" {
			return nil // it has ended meanwhile, as connections do
		}
		if p.state == "T" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return each(children(pid), halt)
}

// release lets a process and what it started go on.
func release(pid int) error {
	err := each(children(pid), release)
	return errors.Join(err, syscall.Kill(pid, syscall.SIGCONT))
}

// each does something to processes, some of which may have ended.
func each(pids []int, do func(int) error) error {
	var errs []error
	for _, pid := range pids {
		if err := do(pid); !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// process is what proc(5) tells of one.
type process struct {
	state  string
	parent int
}

func processOf(pid int) (process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	// The name stands in parentheses and may hold any character.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	parent, err := strconv.Atoi(fields[1])
	return process{state: fields[0], parent: parent}, err
}

// children are the processes that one has started, and that have not ended.
func children(pid int) []int {
	var all []int
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is sound
	for _, dir := range dirs {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if p, err := processOf(child); err == nil && p.parent == pid && p.state != "Z" {
			all = append(all, child)
		}
	}
	return all
}
