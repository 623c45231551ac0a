package podenv

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Run runs the program. Where it succeeds as root it does not return: the
// program takes this process over. As an ordinary user it returns when the
// program has ended; the caller then calls [Status.Die] and exits with the
// status's code. With an error, the code says which kind, as env(1) does.
//
// After an error the calling goroutine may be left on a thread that sees the
// Pod's files, so the caller should exit soon.
func Run(s Spec) (Status, error) {
	if err := s.check(); err != nil {
		return Status{Code: codeFailed}, err
	}
	path, code, err := lookUp(s.Args[0])
	if err != nil {
		return Status{Code: code}, err
	}
	env := s.Env
	if env == nil {
		env = os.Environ()
	}
	p := plan{path: path, argv: s.Args, env: withoutOverrides(env)}
	if p.files, err = podFiles(s); err != nil {
		return Status{Code: codeFailed}, err
	}

	// The mount namespace belongs to this thread, which execve makes the
	// process's only one.
	runtime.LockOSThread()
	err = unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS)
	if err == nil {
		return p.enter()
	}
	runtime.UnlockOSThread()
	if !errors.Is(err, unix.EPERM) {
		return Status{Code: codeFailed}, &Error{Problem: "cannot make a mount namespace", Err: err, Hint: "check the limit `sysctl user.max_mnt_namespaces`"}
	}
	return p.spawn(s.Reexec)
}

// podFiles are the files to be covered, read from the machine's own.
func podFiles(s Spec) (files, error) {
	host, err := os.ReadFile(resolvConfPath)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return files{}, &Error{Problem: "cannot read the machine's resolver configuration", Err: err, Hint: "make it readable: sudo chmod a+r " + resolvConfPath}
	}
	f := files{resolvConf: ResolvConf(s, string(host))}
	// Without an nsswitch.conf the C library asks files and dns.
	host, err = os.ReadFile(nsswitchPath)
	if err != nil {
		return f, nil
	}
	if conf, differs := nsswitch(string(host)); differs {
		f.nsswitch = conf
	}
	return f, nil
}
