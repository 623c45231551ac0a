package dash

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/model"
)

// events reads the stream of a real server.
type events struct {
	t *testing.T
	r *bufio.Reader
}

func follow(t *testing.T, url string) events {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/events", nil)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("content type %q", got)
	}
	return events{t, bufio.NewReader(resp.Body)}
}

// next returns the next event other than ping.
func (e events) next() (string, update) {
	e.t.Helper()
	for {
		var name string
		var u update
		for {
			line, err := e.r.ReadString('\n')
			must(e.t, err)
			line = strings.TrimSuffix(line, "\n")
			if v, ok := strings.CutPrefix(line, "event: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(line, "data: "); ok {
				must(e.t, json.Unmarshal([]byte(v), &u))
			}
			if line == "" {
				break
			}
		}
		if name != "ping" {
			return name, u
		}
	}
}

func TestEventsFollowChanges(t *testing.T) {
	for name, edit := range map[string]func(*Config){
		"told":    func(*Config) {},
		"polling": func(c *Config) { c.Changed = nil },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(sample())
			e := follow(t, serve(t, l, edit).url)
			if name, u := e.next(); name != "update" || !u.Reset || len(u.Changed) != 5 || u.Page == "" {
				t.Fatalf("first event: %s, reset %v, %d services", name, u.Reset, len(u.Changed))
			}
			key := model.Key{Namespace: "shop", Name: "payments"}
			l.change(key, func(p *model.Published) { p.Decision.Conditions = said(0, true, true, "", "") })
			_, u := e.next()
			if u.Reset || len(u.Changed) != 1 || u.Changed[0].Service.Name != "payments" || u.Changed[0].Summary.State != "Ready" {
				t.Errorf("after a change: %+v", u)
			}
			l.set(model.NewSnapshot("cluster.local", nil, l.snapshot().Services[:4], nil))
			if _, u := e.next(); len(u.Changed) != 0 || len(u.Removed) != 1 || u.Removed[0] != "shop/search" {
				t.Errorf("after a removal: %+v", u)
			}
		})
	}
}

func TestServeEndsOpenStreams(t *testing.T) {
	r := serve(t, newLive(sample()))
	e := follow(t, r.url)
	e.next()
	must(t, r.stop()) // the test hangs here if streams hold it up
	if name, _ := e.next(); name != "bye" {
		t.Errorf("last event %q, want bye", name)
	}
	if _, err := http.Get(r.url + "/healthz"); err == nil { //nolint:bodyclose // there is no answer
		t.Error("it still serves")
	}
}

func TestServeSaysWhyItCannot(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l.Close()
	err = Serve(t.Context(), l, Config{Snapshot: newLive(sample()).snapshot})
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("error %v", err)
	}
}

// slowWriter records when events are written.
type slowWriter struct {
	http.ResponseWriter
	start  time.Time
	events []string
}

func (w *slowWriter) Write(b []byte) (int, error) {
	name, _, _ := strings.Cut(strings.TrimPrefix(string(b), "event: "), "\n")
	w.events = append(w.events, name+" at "+time.Since(w.start).String())
	return len(b), nil
}
func (w *slowWriter) FlushError() error                { return nil }
func (w *slowWriter) SetWriteDeadline(time.Time) error { return nil }

func TestStreamMergesBurstsAndPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(sample())
		s := &server{Config: Config{Snapshot: l.snapshot, Changed: l.wait, Info: sampleInfo}}
		ctx, cancel := context.WithCancel(t.Context())
		w := &slowWriter{start: time.Now()}
		done := make(chan error)
		go func() { done <- s.stream(ctx, eventWriter{w: w, rc: http.NewResponseController(w)}) }()
		synctest.Wait()
		for range 10 { // within the gap after the first update
			l.set(sample())
		}
		time.Sleep(6 * time.Second) // of the bubble's clock
		cancel()
		must(t, <-done)
		got := strings.Join(w.events, ", ")
		if want := "update at 0s, update at 250ms, ping at 5.5s"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestPollFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, start := newLive(sample()), time.Now()
		changed := pollFor(l.snapshot)
		must(t, changed(t.Context(), 0))
		time.AfterFunc(time.Second-time.Nanosecond, func() { l.set(sample()) })
		must(t, changed(t.Context(), 1))
		if took := time.Since(start); took != time.Second { // of the bubble's clock
			t.Errorf("the change is seen after %s, want 1s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := changed(ctx, 2); err == nil {
			t.Error("no change is taken for one")
		}
	})
}
