package podenv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A plan is a program, and the files that it shall see.
type plan struct {
	path  string
	argv  []string
	env   []string
	files files
}

// enter carries the plan out on the calling thread, which is locked and has a
// mount namespace of its own. It returns only if something fails.
func (p plan) enter() (Status, error) {
	if err := p.files.mount(); err != nil {
		return Status{Code: codeFailed}, err
	}
	return p.exec()
}

// Enter is the second half of [Run] for an ordinary user, in the process that
// Run started with [Spec.Reexec] and these arguments. It returns only if
// something fails.
func Enter(args []string) (Status, error) {
	runtime.LockOSThread()
	p, h, err := receive(args)
	if err != nil {
		return Status{Code: codeFailed}, fmt.Errorf("this command is started by Fairlead itself, use `fairlead exec`: %w", err)
	}
	// The signal is a property of the thread, and this is the one that stays.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return Status{Code: codeFailed}, fmt.Errorf("cannot tie the program's life to fairlead's: %w", err)
	}
	if os.Getppid() != h.parent {
		return Status{Code: codeFailed}, errors.New("fairlead ended before its program started; start it again")
	}
	if err := p.files.mount(); err != nil {
		return Status{Code: codeFailed}, whyNotPermitted(err, os.Geteuid(), readLine)
	}
	if err := dropCapabilities(h.bounding); err != nil {
		return Status{Code: codeFailed}, fmt.Errorf("cannot give up the capabilities of the user namespace: %w", err)
	}
	return p.exec()
}

// A handover is what the second process has to know about the first.
type handover struct {
	parent   int
	bounding uint64 // its capability bounding set
}

// send writes the plan to a file in memory that the next executable inherits,
// and returns its number. Strings of a command line hold no NUL, so NULs
// separate them.
func (p plan) send(h handover) (*os.File, error) {
	fd, err := unix.MemfdCreate("fairlead-exec", 0)
	if err != nil {
		return nil, fmt.Errorf("cannot hand the command over: %w", err)
	}
	f := os.NewFile(uintptr(fd), "fairlead-exec")
	fields := append([]string{
		strconv.Itoa(h.parent), strconv.FormatUint(h.bounding, 16),
		p.files.resolvConf, p.files.nsswitch, p.path,
	}, p.argv...)
	if _, err := f.WriteAt([]byte(strings.Join(fields, "\x00")), 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot hand the command over: %w", err)
	}
	return f, nil
}

func receive(args []string) (plan, handover, error) {
	if len(args) != 1 {
		return plan{}, handover{}, fmt.Errorf("%d arguments instead of 1", len(args))
	}
	fd, err := strconv.Atoi(args[0])
	if err != nil || fd < 3 {
		return plan{}, handover{}, fmt.Errorf("%q is no file descriptor", args[0])
	}
	f := os.NewFile(uintptr(fd), "fairlead-exec")
	if f == nil {
		return plan{}, handover{}, fmt.Errorf("file descriptor %d is not open", fd)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return plan{}, handover{}, err
	}
	fields := strings.Split(string(b), "\x00")
	if len(fields) < 6 {
		return plan{}, handover{}, errors.New("the command that was handed over is incomplete")
	}
	var h handover
	if h.parent, err = strconv.Atoi(fields[0]); err != nil {
		return plan{}, handover{}, err
	}
	if h.bounding, err = strconv.ParseUint(fields[1], 16, 64); err != nil {
		return plan{}, handover{}, err
	}
	return plan{
		files: files{resolvConf: fields[2], nsswitch: fields[3]},
		path:  fields[4], argv: fields[5:], env: os.Environ(),
	}, h, nil
}
