//go:build !linux

package podenv

import (
	"errors"
	"runtime"
)

// Run is not possible here: only Linux gives a program its own /etc/resolv.conf.
func Run(Spec) (Status, error) {
	return Status{Code: codeFailed}, &Error{
		Problem: "a program cannot be given a Pod's /etc/resolv.conf on " + runtime.GOOS + ", which has no mount namespaces",
		Hint:    "run this on Linux, or ask the instance's DNS server with full names (NAME.NAMESPACE.svc.cluster.local)",
		Err:     errors.ErrUnsupported,
	}
}

// Enter is the second half of Run, and not possible here either.
func Enter([]string) (Status, error) { return Run(Spec{}) }

// Die does nothing here: Run never ran a program.
func (Status) Die() {}
