package console

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Shell is one bash in which all commands of a page run, so that variables,
// functions and background jobs last from one to the next, as in a terminal.
type Shell struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	output *bufio.Reader
	pipe   *os.File
	mark   string // printed after each command, with its exit code
}

// Start starts the shell by a command that becomes bash, such as
// exec.Command("bash"); arguments, standard input and outputs are set here.
// What the commands print to either output comes as one. End it with Close.
func Start(cmd *exec.Cmd) (*Shell, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	s := &Shell{cmd: cmd, output: bufio.NewReader(r), pipe: r, mark: "done-" + rand.Text()}
	cmd.Args = append(cmd.Args, "--noprofile", "--norc")
	cmd.Stdout, cmd.Stderr = w, w
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // so that what hangs can be ended with it
	if s.in, err = cmd.StdinPipe(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return s, nil
}

// Close ends the shell and all that runs in it.
func (s *Shell) Close() error {
	err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	_ = s.cmd.Wait() // it was killed
	return errors.Join(err, s.pipe.Close())
}

// Run types a command and returns what it prints, and its exit code. A command
// that has not ended when ctx does leaves a shell that can only be closed.
func (s *Shell) Run(ctx context.Context, command string) (output string, code int, err error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := s.pipe.SetReadDeadline(deadline); err != nil {
			return "", 0, err
		}
		defer s.pipe.SetReadDeadline(time.Time{})
	}
	quoted := "'" + strings.ReplaceAll(command, "'", `'\''`) + "'"
	// Commands must not read what is typed after them.
	if _, err := fmt.Fprintf(s.in, "eval %s </dev/null; printf '%%s %%d\\n' %s $?\n", quoted, s.mark); err != nil {
		return "", 0, fmt.Errorf("the shell has ended: %w", err)
	}
	var all strings.Builder
	for {
		line, err := s.output.ReadString('\n')
		printed, status, last := strings.Cut(line, s.mark+" ")
		all.WriteString(printed)
		switch {
		case err != nil:
			return all.String(), 0, fmt.Errorf("it did not end: %w", err)
		case last:
			code, err = strconv.Atoi(strings.TrimSpace(status))
			return all.String(), code, err
		}
	}
}
