package podenv

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// boundingSet is the capabilities that this process could ever have.
func boundingSet() uint64 {
	var set uint64
	for c := range 64 {
		if v, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0); err == nil && v == 1 {
			set |= 1 << c
		}
	}
	return set
}

// dropCapabilities takes from the calling thread what the user namespace gave
// it, so that the program has no more than outside.
func dropCapabilities(bounding uint64) error {
	for c := range 64 {
		v, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
		if err != nil || v == 0 || bounding&(1<<c) != 0 {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	var caps [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if os.Geteuid() == 0 {
		// execve gives root what the bounding set holds. Were that more than it
		// has now, the program would no longer end with its parent.
		if err := unix.Capget(&header, &caps[0]); err != nil {
			return err
		}
		caps[0].Inheritable, caps[1].Inheritable = 0, 0
	}
	return unix.Capset(&header, &caps[0])
}

// whyNotPermitted explains an error from making or using a user namespace by
// the machine's settings, which read returns by path; empty means no such file.
func whyNotPermitted(err error, uid int, read func(path string) string) error {
	var hinted *Error
	if errors.As(err, &hinted) {
		return err
	}
	e := &Error{Problem: "cannot make a user namespace, which an ordinary user needs for this", Err: err}
	if uid == 0 {
		e.Problem = "cannot make a user namespace, which root without CAP_SYS_ADMIN needs for this"
	}
	switch {
	case read("/proc/sys/user/max_user_namespaces") == "0":
		e.Hint = "this machine allows none: `sudo sysctl -w user.max_user_namespaces=10000`, or run it as root"
	case read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
		e.Hint = "this machine allows them to root only: `sudo sysctl -w kernel.unprivileged_userns_clone=1`, or run it as root"
	case read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
		e.Hint = "AppArmor allows them to named programs only: `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or run it as root"
	case !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES):
		e.Hint = "run it as root, which needs none"
	default:
		e.Hint = "the container or sandbox around it forbids them: run it outside, or give the container `--cap-add SYS_ADMIN --security-opt apparmor=unconfined`"
	}
	return e
}

func readLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
