//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine describes where this ran: what matters to the figures, and no name.
func (b *bench) machine(ctx context.Context) []string {
	lines := []string{fmt.Sprintf("%d cores%s, Linux %s, %s", runtime.NumCPU(), model(), kernel(), runtime.Version())}
	for _, p := range []struct{ name, program, flag, version string }{
		{"HAProxy", "haproxy", "-v", `version (\S+)`},
		{"dnsperf", "dnsperf", "-h", `Version (\S+)`},
		{"wrk", "wrk", "-v", `wrk (\S+ \S+)`},
	} {
		lines = append(lines, p.name+" "+versionOf(ctx, p.program, p.flag, p.version))
	}
	return append(lines, "CoreDNS 1.15.0 beside kube-apiserver 1.36.3 and etcd, built by `test/cluster`")
}

// versionOf asks a program for its version; most print it with an exit code of
// their own.
func versionOf(ctx context.Context, program, flag, pattern string) string {
	path, err := find(program, program)
	if err != nil {
		return "is not installed"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, path, flag).CombinedOutput()
	if m := regexp.MustCompile(pattern).FindSubmatch(out); m != nil {
		return strings.TrimSuffix(string(m[1]), ",")
	}
	return "of unknown version"
}

// kernel is the release's number, without what a distribution or host adds.
func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	release := unix.ByteSliceToString(u.Release[:])
	number, _, _ := strings.Cut(release, "-")
	return number
}

func model() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return " (" + strings.TrimSpace(value) + ")"
		}
	}
	return ""
}
