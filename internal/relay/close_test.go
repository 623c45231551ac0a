package relay

import (
	"context"
	"io"
	"net/netip"
	"testing"
	"time"
)

func TestCloseWaitsForConnections(t *testing.T) {
	at := virtualIP(t)
	r := New(Config{DrainTimeout: time.Hour})
	mustPublish(t, r, published("a", at, []netip.AddrPort{serve(t, echo)}))
	c := dial(t, at)
	roundTrip(t, c, "before")
	closed := make(chan error, 1)
	go func() { closed <- r.Close(context.Background()) }()
	eventually(t, "the listener is gone", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.listeners) == 0 })
	wantRefused(t, at)
	roundTrip(t, c, "during")
	select {
	case err := <-closed:
		t.Fatalf("closed with %v while a connection stands", err)
	default:
	}
	_ = c.CloseWrite()
	if _, err := io.ReadAll(c); err != nil {
		t.Errorf("the connection ended with %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestCloseCutsWhatStaysTooLong(t *testing.T) {
	at := virtualIP(t)
	r := New(Config{})
	mustPublish(t, r, published("a", at, []netip.AddrPort{serve(t, echo)}))
	c := dial(t, at)
	roundTrip(t, c, "before")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Close(ctx); err == nil {
		t.Error("no error although a connection was cut")
	}
	wantReset(t, c)
	if faults := r.Publish(snapshot(published("a", at, []netip.AddrPort{at}))); faults != nil {
		t.Errorf("publish after close: %v", faults)
	}
	wantRefused(t, at)
	if err := r.Close(ctx); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestCloseWithoutPublish(t *testing.T) {
	if err := New(Config{}).Close(t.Context()); err != nil {
		t.Error(err)
	}
}
