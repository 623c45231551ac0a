package dash

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"fairlead.dev/internal/model"
)

const (
	// eventGap is the least time between two updates, so that a burst of
	// changes becomes one.
	eventGap = 250 * time.Millisecond
	// pingEvery tells the page that the connection stands. The page takes it
	// for lost after three pings are missing.
	pingEvery = 5 * time.Second
	// writeTimeout ends the stream of a client that does not read.
	writeTimeout = 20 * time.Second
)

// serveEvents streams server-sent events: "update" events (see [update]), the
// first of which holds everything, "ping" in between, and "bye" when fairlead
// stops. They are for the page, and may change with it; /snapshot.json is for
// everybody.
func (s *server) serveEvents(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return
	}
	out := eventWriter{w: w, rc: http.NewResponseController(w)}
	if err := s.stream(r.Context(), out); err != nil {
		return // the client left or does not read
	}
	_ = out.send("bye", struct{}{}) // fairlead stops, or the client left
}

// stream sends events until the context ends, or with an error when the client
// cannot be reached.
func (s *server) stream(ctx context.Context, out eventWriter) error {
	sent := s.Snapshot()
	if err := s.sendUpdate(out, nil, sent); err != nil {
		return err
	}
	for pause(ctx, eventGap) {
		wait, cancel := context.WithTimeout(ctx, pingEvery)
		_ = s.Changed(wait, generation(sent)) // or it is time for a ping
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		var err error
		next := s.Snapshot()
		if next == sent {
			err = out.send("ping", map[string]time.Time{"now": time.Now().UTC()})
		} else {
			err = s.sendUpdate(out, sent, next)
			sent = next
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) sendUpdate(out eventWriter, from, to *model.Snapshot) error {
	u := delta(s.Info(), time.Now(), from, to)
	u.Page = s.page.tag
	return out.send("update", u)
}

// pause waits, and reports whether the context still stands.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

type eventWriter struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// send writes one event. JSON has no line breaks, so one data line holds it.
func (e eventWriter) send(event string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode the event %s: %w", event, err)
	}
	if err := e.rc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("limit the time to write to the page: %w", err)
	}
	if _, err := fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", event, b); err != nil {
		return fmt.Errorf("write to the page: %w", err)
	}
	if err := e.rc.Flush(); err != nil {
		return fmt.Errorf("write to the page: %w", err)
	}
	return nil
}
