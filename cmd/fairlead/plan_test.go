package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"fairlead.dev/internal/plan"
	"fairlead.dev/internal/table"
	"fairlead.dev/internal/wire"
)

// TestAPlanComesTrue plans the loss of a target of a running instance, has it lost,
// and brings it back: at each step the instance publishes what the plan said.
func TestAPlanComesTrue(t *testing.T) {
	primary := listen(t, "127.98.8.1:0")
	_, port, _ := net.SplitHostPort(primary.Addr().String())
	listen(t, "127.98.8.2:"+port)
	manifest := fmt.Sprintf(`apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db}
spec:
  ports: [{port: %s}]
  targets:
  - {name: primary, addresses: [127.98.8.1]}
  - {name: standby, priority: 1, addresses: [127.98.8.2]}
  probe: {interval: 100ms, timeout: 100ms, failureThreshold: 2, tcp: {}}
  failover: {failbackDelay: 300ms}
`, port)
	path := filepath.Join(t.TempDir(), "db.yaml")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	address := runInstance(t, "127.98.9", path)
	service := func() (wire.Status, wire.Published) {
		t.Helper()
		s, err := table.Fetch(t.Context(), http.DefaultClient, address)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Find("default", "db", nil)
		if err != nil {
			t.Fatal(err)
		}
		return s, p
	}
	publishes := func(want plan.Step) {
		t.Helper()
		var got string
		for range 1000 {
			_, p := service()
			var ready []string
			for _, e := range p.Decision.Endpoints {
				if e.Ready {
					ready = append(ready, net.JoinHostPort(e.IP.String(), port))
				}
			}
			if slices.Equal(p.Decision.Active, want.Active) && p.Decision.Priority == want.Priority && slices.Equal(ready, want.Ready) &&
				(want.Phase == plan.Now || p.Decision.History[0].Reason == want.Reason) {
				return
			}
			got = fmt.Sprint(p.Decision.Active, ready, p.Decision.History)
			time.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("it publishes %s, want %+v", got, want)
	}
	var status wire.Status
	var p wire.Published
	for range 1000 { // until all is known to be up
		if status, p = service(); strings.Count(fmt.Sprint(p.Decision.Targets), wire.Up) == 2 && p.Decision.Priority == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	ahead, err := plan.NewWorld(status, time.Now()).Lose(p, []string{"primary"}, nil)
	if err != nil || len(ahead.Steps) != 3 {
		t.Fatalf("%v, %+v", err, ahead)
	}
	publishes(ahead.Steps[0])
	primary.Close()
	publishes(ahead.Steps[1])
	listen(t, primary.Addr().String())
	publishes(ahead.Steps[2])
}

// listen takes connections, and ends them.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l
}

// runInstance runs the wired program on addresses that begin with network until the
// test ends, and returns where its status page is.
func runInstance(t *testing.T, network, path string) string {
	t.Helper()
	flags := runFlags{
		dnsListen: network + ".10:0", serviceCIDR: []string{network + ".0/24"}, domain: "cluster.local",
		upstream: []string{"127.0.0.1:1"}, httpListen: "127.0.0.1:0", logFormat: "text", drainTimeout: time.Millisecond,
	}
	var out syncBuffer
	cmd := new(cobra.Command)
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	o, err := flags.options(cmd, []string{path})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	page := regexp.MustCompile(`status page +http://(\S+)`)
	for range 1000 {
		if m := page.FindStringSubmatch(out.String()); m != nil {
			return m[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it does not serve:\n%s", out.String())
	return ""
}
