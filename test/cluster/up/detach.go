//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// daemonEnv tells the process that detach has started that it is that one.
const daemonEnv = "FAIRLEAD_CLUSTER_DETACHED"

// place is the folder in which a detached cluster is found again. It holds
// lock (taken for as long as the cluster's process lives, with its number),
// log, and once the cluster can be used welcome, for people, and env, for shells.
type place string

func newPlace(dir string) (place, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache directory (set XDG_CACHE_HOME): %w", err)
		}
		dir = filepath.Join(cache, "fairlead-test", "up")
	}
	return place(dir), os.MkdirAll(dir, 0o700)
}

func (p place) file(name string) string { return filepath.Join(string(p), name) }

// detach starts this program again, without a terminal, and returns once the
// cluster is up. If one is up already it says so, and how to use that.
func (p place) detach(ctx context.Context) error {
	lock, err := p.lock()
	if err != nil {
		text, missing := os.ReadFile(p.file("welcome"))
		if missing != nil {
			return fmt.Errorf("one is starting already: %w", err)
		}
		fmt.Printf("# It is up already.\n%s", text)
		return nil
	}
	if err := p.forget(); err != nil { // of one that was killed
		return errors.Join(err, lock.Close())
	}
	if err := lock.Close(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(p.file("log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), daemonEnv+"=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return p.await(ctx, ended, cmd.Process)
}

// await prints what the daemon logs, since a cold build takes minutes, and in
// the end how to use the cluster.
func (p place) await(ctx context.Context, ended <-chan error, daemon *os.Process) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var shown int
	show := func() {
		log, err := os.ReadFile(p.file("log"))
		if err == nil {
			fmt.Fprintf(os.Stderr, "%s", log[shown:])
			shown = len(log)
		}
	}
	for {
		show()
		if text, err := os.ReadFile(p.file("welcome")); err == nil {
			fmt.Printf("%s# make cluster-down ends it.\n", text)
			return nil
		}
		select {
		case <-tick.C:
		case err := <-ended:
			show()
			return fmt.Errorf("it did not come up: %w", err)
		case <-ctx.Done():
			_ = daemon.Signal(syscall.SIGTERM) // it may have ended by itself
			<-ended
			return ctx.Err()
		}
	}
}

// daemon runs serve with the lock held.
func (p place) daemon(serve func() error) error {
	lock, err := p.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := lock.Truncate(0); err != nil {
		return err
	}
	if _, err := lock.WriteString(strconv.Itoa(os.Getpid())); err != nil {
		return err
	}
	return errors.Join(serve(), p.forget())
}

// announce says that the cluster is up.
func (p place) announce(text, env string) error {
	if err := os.WriteFile(p.file("env"), []byte(env), 0o600); err != nil {
		return err
	}
	fresh := p.file("welcome.new")
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, p.file("welcome"))
}

// forget undoes announce.
func (p place) forget() error {
	var all error
	for _, name := range []string{"welcome", "env"} {
		if err := os.Remove(p.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// printEnv prints what a shell needs to use the cluster.
func (p place) printEnv(out io.Writer) error {
	text, err := os.ReadFile(p.file("env"))
	if err != nil {
		return fmt.Errorf("no cluster is up (start one: make cluster-up): %w", err)
	}
	_, err = out.Write(text)
	return err
}

// down ends the detached cluster and returns when it is gone.
func (p place) down(ctx context.Context) error {
	if lock, err := p.lock(); err == nil {
		fmt.Println("# None is up.")
		return lock.Close()
	}
	data, err := os.ReadFile(p.file("lock"))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid <= 1 {
		return fmt.Errorf("%s names no process: %q", p.file("lock"), data)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("end process %d: %w", pid, err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if lock, err := p.lock(); err == nil {
			return lock.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// endWith ends the context when a process has ended, so that a test leaves no
// cluster behind when it is killed.
func endWith(ctx context.Context, pid int) context.Context {
	if pid == 0 {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for syscall.Kill(pid, 0) == nil {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx
}

// lock takes the lock. The kernel gives it back when its holder dies, however
// that comes about.
func (p place) lock() (*os.File, error) {
	f, err := os.OpenFile(p.file("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use: %w", f.Name(), err), f.Close())
	}
	return f, nil
}
