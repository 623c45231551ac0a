package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"fairlead.dev/test/leak"
)

// syncBuffer is what a running instance prints.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestServeLeavesNothingBehind runs the wired program inside the test: what it
// starts ends with its context, every goroutine.
func TestServeLeavesNothingBehind(t *testing.T) {
	leak.Verify(t)
	dir := t.TempDir()
	manifest := "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: db}\nspec:\n" +
		"  ports: [{port: 5432}]\n  targets: [{name: a, hostname: db.example.com}, {name: b, addresses: [127.0.0.1]}]\n"
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	var out syncBuffer
	cmd := new(cobra.Command)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	flags := runFlags{
		dnsListen: "127.98.7.10:0", serviceCIDR: []string{"127.98.7.0/24"}, domain: "cluster.local",
		upstream: []string{"127.0.0.1:1"}, httpListen: "127.0.0.1:0", logFormat: "text", verbose: true,
	}
	o, err := flags.options(cmd, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, o) }()

	page := regexp.MustCompile(`status page +(http://\S+)`)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 1000 {
		if m := page.FindStringSubmatch(out.String()); m != nil {
			r, err := client.Get(m[1] + "/snapshot.json")
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if !strings.Contains(string(body), `"db"`) {
				t.Errorf("the snapshot does not name the service:\n%s", body)
			}
			break
		}
		select {
		case err := <-done:
			t.Fatalf("it ended: %v\n%s", err, out.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "serves 1 service\n") {
		t.Errorf("it printed\n%s\nwant that it serves 1 service", out.String())
	}
}
