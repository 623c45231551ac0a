package dash

import (
	"context"
	"net"
	"net/http"
	"os"
	"testing"

	"fairlead.dev/internal/wire"
	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) {
	os.Exit(leak.Run(m))
}

// running is a server that a test talks to.
type running struct {
	url, addr string
	stop      func() error
}

// serve runs [Serve] over l on a loopback port until the test ends.
func serve(t *testing.T, l *live, edits ...func(*Config)) running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return serveOn(t, ln, l, edits...)
}

func serveOn(t *testing.T, ln net.Listener, l *live, edits ...func(*Config)) running {
	t.Helper()
	info := sampleInfo()
	c := Config{Snapshot: l.snapshot, Changed: l.wait, Info: func() wire.Info { return info }}
	for _, edit := range edits {
		edit(&c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, ln, c) }()
	stopped := false
	stop := func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() {
		must(t, stop())
		http.DefaultClient.CloseIdleConnections()
	})
	return running{url: "http://" + ln.Addr().String(), addr: ln.Addr().String(), stop: stop}
}
