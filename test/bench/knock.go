//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// knockRole is the argument that makes this program the platform's floor of probes:
// connections without a program around them.
const knockRole = "knock"

// knock connects to targets at a fixed rate, one after the other by blocking calls of
// one thread, and ends each connection as probes do.
func knock(rate, times string) error {
	perSecond, err := strconv.Atoi(rate)
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	all := allWatched(10_000)
	next := time.Now()
	for i := range count {
		if wait := time.Until(next); wait > 0 {
			ts := unix.NsecToTimespec(int64(wait))
			unix.Nanosleep(&ts, nil) // ending early does no harm
		}
		next = next.Add(time.Second / time.Duration(perSecond))
		w := all[i%len(all)]
		if !w.primaryUp {
			continue
		}
		if err := knockAt(netip.AddrPortFrom(w.primary, tcpTargets)); err != nil {
			return err
		}
	}
	return nil
}

func knockAt(at netip.AddrPort) error {
	fd, err := connect(at)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return err
	}
	return unix.Shutdown(fd, unix.SHUT_WR)
}

// floor is the CPU that a connection takes at that rate, in seconds.
func (w *probeWorld) floor(perSecond, count int) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	words := slices.Concat(w.here.Enter(), []string{self, knockRole, strconv.Itoa(perSecond), strconv.Itoa(count)})
	cmd := exec.Command(words[0], words[1:]...)
	p, err := w.start("knock", cmd)
	if err != nil {
		return 0, err
	}
	<-p.done
	if p.err != nil {
		return 0, fmt.Errorf("connecting without a program around it: %w", p.alive())
	}
	took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return took.Seconds() / float64(count), nil
}
