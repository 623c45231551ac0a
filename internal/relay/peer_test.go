package relay

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// BenchmarkPeer compares the relay with HAProxy between the same client (wrk)
// and the same server (nginx), in alternating rounds of one run:
//
//	go test ./internal/relay -run '^$' -bench Peer -benchtime 5x
//
// It reports the medians of the rounds; direct is without anything in between.
// The processor time of each request tells more than the rest where other
// programs run beside. It is skipped where one of the three
// programs is missing. The relay runs in a process of its own, as they do; with
// FAIRLEAD_PROFILE=FILE that process writes a CPU profile.
func BenchmarkPeer(b *testing.B) {
	for _, program := range []string{"haproxy", "wrk", "nginx"} {
		if _, err := exec.LookPath(program); err != nil {
			b.Skip(err)
		}
	}
	dir := b.TempDir()
	server := startNginx(b, dir)
	for _, load := range []struct {
		name, path string
		protocol   model.ListenerProtocol
		args       []string
	}{
		{"light", "/small", model.ListenTCP, []string{"-c2", "-t1"}},
		{"keepalive", "/small", model.ListenTCP, []string{"-c16", "-t1"}},
		{"connect", "/small", model.ListenTCP, []string{"-c16", "-t1", "-H", "Connection: close"}},
		{"bulk", "/big", model.ListenTCP, []string{"-c4", "-t1"}},
		{"requests", "/small", model.ListenHTTP, []string{"-c16", "-t1"}},
		{"requests-connect", "/small", model.ListenHTTP, []string{"-c16", "-t1", "-H", "Connection: close"}},
		{"requests-bulk", "/big", model.ListenHTTP, []string{"-c4", "-t1"}},
	} {
		b.Run(load.name, func(b *testing.B) {
			targets := []process{server, startHAProxy(b, dir, server.addr, load.protocol), startRelay(b, server.addr, load.protocol)}
			seen := make(map[string][]wrkResult)
			for b.Loop() {
				for _, t := range targets {
					seen[t.name] = append(seen[t.name], wrk(b, t, load.path, load.args...))
				}
			}
			for _, t := range targets {
				r := seen[t.name]
				b.ReportMetric(median(r, func(w wrkResult) float64 { return w.requests }), t.name+"-req/s")
				b.ReportMetric(median(r, func(w wrkResult) float64 { return w.megabytes }), t.name+"-MB/s")
				b.ReportMetric(median(r, func(w wrkResult) float64 { return w.p50 }), t.name+"-p50us")
				b.ReportMetric(median(r, func(w wrkResult) float64 { return w.p99 }), t.name+"-p99us")
				b.ReportMetric(median(r, func(w wrkResult) float64 { return w.cpu }), t.name+"-cpu-us/req")
			}
		})
	}
}

const (
	benchEndpoint = "FAIRLEAD_BENCH_ENDPOINT"
	benchListen   = "FAIRLEAD_BENCH_LISTEN"
	benchProtocol = "FAIRLEAD_BENCH_PROTOCOL"
	benchProfile  = "FAIRLEAD_PROFILE"
)

// relayFor relays until its standard input ends.
func relayFor(to, listen string) int {
	if file := os.Getenv(benchProfile); file != "" {
		f, err := os.Create(file)
		if err != nil {
			return 1
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return 1
		}
		defer f.Close()
		defer pprof.StopCPUProfile()
	}
	r := New(Config{})
	at, end := netip.MustParseAddrPort(listen), netip.MustParseAddrPort(to)
	port := model.Port{Protocol: model.TCP, Port: at.Port()}
	service := model.Service{Type: model.ClusterIP, ClusterIPs: []netip.Addr{at.Addr()}, Ports: []model.Port{port}}
	if protocol := model.ListenerProtocol(os.Getenv(benchProtocol)); protocol == model.ListenHTTP {
		service.Gateway = &model.Gateway{
			ConnectTimeout: 3 * time.Second, IdleTimeout: time.Hour,
			HTTP:      model.HTTP{Host: model.HostOfTarget, Forwarded: true, MaxHeaderBytes: 64 << 10},
			Listeners: []model.Listener{{Protocol: protocol}},
		}
	}
	faults := r.Publish(model.NewSnapshot("", nil, []*model.Published{{
		Service: service,
		Decision: model.Decision{Endpoints: []model.Endpoint{{
			Addr: end.Addr(), Ready: true, Ports: []model.EndpointPort{{Protocol: model.TCP, Port: end.Port()}},
		}}},
	}}, nil))
	if len(faults) > 0 {
		fmt.Fprintln(os.Stderr, faults)
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = r.Close(context.Background())
	return 0
}

// process is a program under test.
type process struct {
	name, addr string
	pid        int
}

// cpu is the processor time that the process has used, in microseconds.
func (p process) cpu(b *testing.B) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	user, _ := strconv.ParseFloat(fields[11], 64) // fields 14 and 15 of proc(5), in hundredths of a second
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) * 1e4
}

func startRelay(b *testing.B, to string, protocol model.ListenerProtocol) process {
	addr := freeAddr(b)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), benchEndpoint+"="+to, benchListen+"="+addr, benchProtocol+"="+string(protocol))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	await(b, addr)
	return process{"relay", addr, cmd.Process.Pid}
}

func startHAProxy(b *testing.B, dir, to string, protocol model.ListenerProtocol) process {
	addr, mode := freeAddr(b), "mode tcp\n  option splice-auto"
	if protocol == model.ListenHTTP {
		mode = "mode http\n  option forwardfor\n  http-reuse always\n  http-request set-header Host outside"
	}
	conf := fmt.Sprintf(`
global
  maxconn 2000
  nbthread 2
defaults
  timeout connect 3s
  timeout client 1h
  timeout server 1h
listen l
  %s
  bind %s
  server s %s
`, mode, addr, to)
	pid := start(b, dir, "haproxy"+string(protocol)+".cfg", conf, "haproxy", "-db", "-q", "-f")
	await(b, addr)
	return process{"haproxy", addr, pid}
}

func startNginx(b *testing.B, dir string) process {
	addr := freeAddr(b)
	for name, size := range map[string]int{"small": 100, "big": 32 << 20} {
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte("x"), size), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	conf := fmt.Sprintf(`
daemon off; master_process off; worker_processes 1; pid %[1]s/pid; error_log stderr emerg;
events { worker_connections 4096; }
http { access_log off; sendfile on; keepalive_requests 1000000000;
  server { listen %[2]s backlog=4096; root %[1]s; } }
`, dir, addr)
	pid := start(b, dir, "nginx.conf", conf, "nginx", "-e", "stderr", "-c")
	await(b, addr)
	return process{"direct", addr, pid}
}

// start writes a configuration and runs a program with it until the benchmark ends.
func start(b *testing.B, dir, file, conf, program string, args ...string) (pid int) {
	path := filepath.Join(dir, file)
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, append(args, path)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid
}

func freeAddr(b *testing.B) string {
	ln, err := net.Listen("tcp4", "127.97.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// await returns once somebody listens at addr.
func await(b *testing.B, addr string) {
	for range 500 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.Fatalf("nobody listens at %s", addr)
}

type wrkResult struct{ requests, megabytes, p50, p99, cpu float64 }

func wrk(b *testing.B, p process, path string, args ...string) wrkResult {
	before := p.cpu(b)
	out, err := exec.Command("wrk", append(args, "-d2s", "--latency", "http://"+p.addr+path)...).CombinedOutput()
	used := p.cpu(b) - before
	if err != nil {
		b.Fatalf("wrk: %v: %s", err, out)
	}
	return wrkResult{
		requests:  field(b, out, `Requests/sec:\s+([\d.]+)()`),
		megabytes: field(b, out, `Transfer/sec:\s+([\d.]+)(\w+)`) / (1 << 20),
		p50:       field(b, out, `50%\s+([\d.]+)(\w+)`),
		p99:       field(b, out, `99%\s+([\d.]+)(\w+)`),
		cpu:       used / field(b, out, `(\d+) requests in()`),
	}
}

func field(b *testing.B, out []byte, pattern string) float64 {
	m := regexp.MustCompile(pattern).FindSubmatch(out)
	if m == nil {
		b.Fatalf("no %s in %s", pattern, out)
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	unit := map[string]float64{"": 1, "us": 1, "ms": 1e3, "s": 1e6, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
	return v * unit[string(m[2])]
}

func median(all []wrkResult, of func(wrkResult) float64) float64 {
	v := make([]float64, len(all))
	for i, w := range all {
		v[i] = of(w)
	}
	slices.Sort(v)
	return v[len(v)/2]
}
