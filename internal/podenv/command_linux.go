package podenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// lookUp finds the program as a shell does, or returns the exit code for it.
func lookUp(name string) (path string, code int, err error) {
	path, err = exec.LookPath(name)
	switch {
	case err == nil, errors.Is(err, exec.ErrDot): // a "." in PATH is the caller's wish
		return path, 0, nil
	case errors.Is(err, exec.ErrNotFound) && !strings.Contains(name, "/"):
		return "", codeNotFound, &Error{Problem: fmt.Sprintf("command not found: %s", name), Err: nil, Hint: "check its spelling, and that its folder is in PATH"}
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "", codeNotFound, &Error{Problem: fmt.Sprintf("command not found: %s", name), Err: nil, Hint: "check its path"}
	}
	return "", codeNotUsable, cannotStart(name, err)
}

// exec becomes the program. It returns only if that fails.
func (p plan) exec() (Status, error) {
	err := unix.Exec(p.path, p.argv, p.env)
	if errors.Is(err, unix.ENOEXEC) {
		// A script without a first line that names its interpreter.
		err = unix.Exec("/bin/sh", append([]string{"sh", p.path}, p.argv[1:]...), p.env)
	}
	if errors.Is(err, unix.ENOENT) {
		return Status{Code: codeNotFound}, &Error{Problem: "cannot start " + p.argv[0], Err: err, Hint: "its interpreter or loader is missing: see its first line, or `file " + p.path + "`"}
	}
	return Status{Code: codeNotUsable}, cannotStart(p.argv[0], err)
}

func cannotStart(name string, err error) error {
	var pe *exec.Error
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &Error{Problem: "cannot start " + name, Err: err, Hint: "check that it is a program and that you may execute it: ls -l " + name}
}
