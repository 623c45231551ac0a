package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fairlead.dev/test/leak"
)

// TestMain lets this test binary be the program.
func TestMain(m *testing.M) {
	if os.Getenv("STANDINS_MAIN") != "" {
		main()
		return
	}
	os.Exit(leak.Run(m))
}

func TestRunsUntilToldToStop(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			cert := filepath.Join(t.TempDir(), "cert.pem")
			cmd := exec.Command("/proc/self/exe", "--network", "127.119.0.0/16", "--zone", "../../examples/outside.zone", "--write-certificate", cert)
			cmd.Env = append(os.Environ(), "STANDINS_MAIN=1")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// The table comes when all of them stand.
			lines := bufio.NewScanner(out)
			for lines.Scan() && !strings.HasPrefix(lines.Text(), "127.119.113.2:8080") {
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			b, err := os.ReadFile(cert)
			if err != nil || !bytes.HasPrefix(b, []byte("-----BEGIN CERTIFICATE-----")) {
				t.Errorf("certificate %q, %v", b, err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		code  int
		wants string
	}{
		{"help", []string{"--help"}, 0, "-network"},
		{"an unknown flag", []string{"--nonsense"}, 2, "nonsense"},
		{"an argument", []string{"examples"}, 2, "is not a flag"},
		{"no network", []string{"--network", "127.11"}, 1, "127.11.0.0/16"},
		{"a network of others", []string{"--network", "10.0.0.0/16"}, 1, "127.11.0.0/16"},
		{"no zone file", []string{"--zone", "none", "--network", "127.119.0.0/16"}, 1, "--zone"},
		{"a folder that is missing", []string{"--zone", "../../examples/outside.zone", "--network", "127.119.0.0/16", "--write-certificate", "none/cert.pem"}, 1, "none/cert.pem"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(stderr.String(), tt.wants) {
				t.Errorf("stderr %q, want %q", &stderr, tt.wants)
			}
		})
	}
}
