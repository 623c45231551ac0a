package lab_test

import (
	"context"
	"testing"
	"time"

	"fairlead.dev/test/lab"
)

// TestCables: a host that is unplugged cannot be reached, one that is removed
// leaves its address to another.
func TestCables(t *testing.T) {
	lab.Skip(t)
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	client, err := l.Machine()
	if err != nil {
		t.Fatal(err)
	}
	serve(t, host(t, l, "first", "10.0.1.25"))
	second := host(t, l, "second", "10.0.1.26")
	serve(t, second)

	reaches(t, client, "10.0.1.26:80", true)
	if err := second.Unplug(); err != nil {
		t.Fatal(err)
	}
	reaches(t, client, "10.0.1.26:80", false)
	reaches(t, client, "10.0.1.25:80", true)
	if err := second.Plug(); err != nil {
		t.Fatal(err)
	}
	reaches(t, client, "10.0.1.26:80", true)
	if err := second.Remove(); err != nil {
		t.Fatal(err)
	}
	reaches(t, client, "10.0.1.26:80", false)
	serve(t, host(t, l, "third", "10.0.1.26"))
	reaches(t, client, "10.0.1.26:80", true)
}

// serve accepts connections on the host's port 80, whatever becomes of them.
func serve(t *testing.T, h *lab.Host) {
	t.Helper()
	listener, err := h.Listen(":80")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
}

// reaches tries for up to ten seconds where that is wanted: the client's kernel
// remembers for a while that nobody answered. Where it is not, no answer within
// half a second is none.
func reaches(t *testing.T, from *lab.Host, addr string, want bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		try, end := context.WithTimeout(ctx, 500*time.Millisecond)
		conn, err := from.Dial(try, "tcp", addr)
		end()
		if err == nil {
			conn.Close()
		}
		if (err == nil) == want {
			return
		}
		if !want || ctx.Err() != nil {
			t.Fatalf("%s: got %v, want a connection: %t", addr, err, want)
		}
	}
}
