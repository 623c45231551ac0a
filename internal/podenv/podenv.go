// Package podenv runs a program as if it were a Pod in a namespace of a running
// instance: with a Pod's /etc/resolv.conf, so that it finds services by their
// in-cluster names.
//
//	status, err := podenv.Run(podenv.Spec{
//		Namespace: "reporting", Domain: "cluster.local",
//		DNS:    netip.MustParseAddrPort("127.96.0.10:53"),
//		Args:   []string{"psql", "-h", "analytics-db"},
//		Reexec: []string{"pod-enter"},
//	})
//
// Only the program and what it starts see the difference: it stands in a mount
// namespace of its own, and nothing is written to the machine. Where the caller
// may make one, [Run] becomes the program (execve), so its exit code, signals
// and terminal are simply its own. Where not, Run makes a user namespace as
// well, which needs a second process, and stands in for the program: it passes
// signals on and ends as the program ends. In a user namespace only the
// caller's own user and group exist, so sudo and the like do not work there.
//
// The package does not isolate: network, files, processes and users stay the
// machine's, and /etc/hosts too. It asks no instance anything and ends no
// process; both are the caller's.
//
// One thing undoes it: when something outside replaces /etc/resolv.conf by a new
// file (a DHCP client, a VPN), the kernel takes the mount away with the old
// file, and the program sees the machine's. Files below /run, where
// systemd-resolved keeps its own, are covered with their folder and stay.
package podenv

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"syscall"
)

// Exit codes for a program that did not run, those of env(1).
const (
	codeFailed    = 125 // podenv itself failed
	codeNotUsable = 126 // the program was found and could not be started
	codeNotFound  = 127 // there is no such program
)

// Spec says what to run, and as a Pod of which namespace.
type Spec struct {
	Namespace string
	// Domain is the cluster domain, without a trailing dot: cluster.local.
	Domain string
	// DNS is where the instance answers. The port must be 53, since
	// resolv.conf cannot name another.
	DNS netip.AddrPort
	// Args is the program, looked up in PATH, with its arguments.
	Args []string
	// Env is the program's environment; nil means this process's. Variables
	// that overrule resolv.conf are taken out of either.
	Env []string
	// Reexec are the arguments with which this executable, started again, calls
	// [Enter] with the arguments that follow them.
	Reexec []string
}

// Status is how the program ended.
type Status struct {
	// Code is what to exit with: the program's exit code; 128 plus the number
	// of the signal that ended it, as shells count; 125, 126 or 127 beside an
	// error, as env(1) has it.
	Code int
	// Signal is the signal that ended the program; 0 if it exited.
	Signal syscall.Signal
}

// Error is something that keeps the program from running, with the way out.
type Error struct {
	// Problem says what is wrong, Hint what to do about it.
	Problem, Hint string
	// Err is the cause. It may be nil.
	Err error
}

// Error is the problem, its cause and the hint, in one line.
func (e *Error) Error() string {
	s := e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + "; " + e.Hint
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// check refuses what cannot be written into a resolv.conf.
func (s Spec) check() error {
	label := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	if !label.MatchString(s.Namespace) {
		return &Error{
			Problem: fmt.Sprintf("%q cannot be a namespace", s.Namespace),
			Hint:    "a namespace is lower-case letters, digits and dashes, at most 63 of them",
		}
	}
	if s.Domain == "" || strings.ContainsAny(s.Domain, " \t\r\n") {
		return &Error{
			Problem: fmt.Sprintf("%q cannot be a cluster domain", s.Domain),
			Hint:    "a cluster domain is a DNS name such as cluster.local",
		}
	}
	if len(s.Args) == 0 {
		return &Error{Problem: "there is no command to run", Hint: "name one after the namespace, for example: -n " + s.Namespace + " -- getent hosts NAME"}
	}
	if !s.DNS.IsValid() || s.DNS.Addr().IsUnspecified() {
		return &Error{Problem: fmt.Sprintf("%q is no address that a program can ask", s.DNS), Hint: "have the instance serve DNS on an address of its own, such as 127.96.0.10:53"}
	}
	if s.DNS.Port() != 53 {
		return &Error{
			Problem: fmt.Sprintf("fairlead run serves DNS on %s, and programs ask on port 53 only, since /etc/resolv.conf cannot name a port", s.DNS),
			Hint:    "let it take port 53 by running it as root, or after `sudo sysctl -w net.ipv4.ip_unprivileged_port_start=53`, then start it again",
		}
	}
	return nil
}
