package dash

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// ask sends a request and returns the answer with its body.
func ask(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	must(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, string(body)
}

func TestPagesAndMethods(t *testing.T) {
	r := serve(t, newLive(sample()), func(c *Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics") })
	})
	for path, want := range map[string]string{
		"/":                "text/html; charset=utf-8",
		"/assets/page.css": "text/css; charset=utf-8",
		"/assets/page.js":  "text/javascript; charset=utf-8",
		"/assets/view.js":  "text/javascript; charset=utf-8",
		"/assets/dom.js":   "text/javascript; charset=utf-8",
		"/assets/icon.svg": "image/svg+xml",
		"/snapshot.json":   "application/json",
		"/healthz":         "text/plain; charset=utf-8",
		"/readyz":          "text/plain; charset=utf-8",
		"/metrics":         "text/plain; charset=utf-8",
	} {
		resp, body := ask(t, "GET", r.url+path)
		if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || got != want || body == "" {
			t.Errorf("GET %s: %s, %q, %d bytes", path, resp.Status, got, len(body))
		}
		if resp, body := ask(t, "HEAD", r.url+path); resp.StatusCode != 200 || body != "" {
			t.Errorf("HEAD %s: %s", path, resp.Status)
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
			resp, _ := ask(t, method, r.url+path)
			if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %s, Allow %q", method, path, resp.Status, resp.Header.Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/nothing", "/assets/page.html", "/assets/none.js", "/assets/", "/index.html"} {
		if resp, _ := ask(t, "GET", r.url+path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %s, want 404", path, resp.Status)
		}
	}
	if resp, _ := ask(t, "HEAD", r.url+"/events"); resp.StatusCode != 200 {
		t.Errorf("HEAD /events: %s", resp.Status)
	}
}

func TestPageLoadsNothingFromElsewhere(t *testing.T) {
	r := serve(t, newLive(sample()))
	resp, body := ask(t, "GET", r.url)
	csp := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy %q lacks %s", csp, want)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("the policy is loose: %s", csp)
	}
	for _, name := range []string{"/", "/assets/page.css", "/assets/page.js", "/assets/view.js", "/assets/dom.js"} {
		_, text := ask(t, "GET", r.url+name)
		if strings.Contains(text, "http://") || strings.Contains(text, "https://") || strings.Contains(text, "innerHTML") {
			t.Errorf("%s refers to another host or to innerHTML", name)
		}
	}
	if strings.Contains(body, "analytics-db") {
		t.Error("services are in the page, which escapes for HTML only; they belong into /events")
	}
}

func TestReady(t *testing.T) {
	var broken atomic.Bool
	r := serve(t, newLive(sample()), func(c *Config) {
		c.Ready = func() error {
			if !broken.Load() {
				return nil
			}
			return errors.Join(errors.New("dns: port 53 is taken"), errors.New("manifests: not read yet"))
		}
	})
	if resp, body := ask(t, "GET", r.url+"/readyz"); resp.StatusCode != 200 || body != "ok\n" {
		t.Errorf("ready: %s %q", resp.Status, body)
	}
	broken.Store(true)
	resp, body := ask(t, "GET", r.url+"/readyz")
	if resp.StatusCode != 503 || body != "dns: port 53 is taken\nmanifests: not read yet\n" {
		t.Errorf("not ready: %s %q", resp.Status, body)
	}
	if resp, body := ask(t, "GET", r.url+"/healthz"); resp.StatusCode != 200 || body != "ok\n" {
		t.Errorf("health depends on readiness: %s %q", resp.Status, body)
	}
}

func TestSnapshot(t *testing.T) {
	l := newLive(sample())
	r := serve(t, l)
	resp, body := ask(t, "GET", r.url+"/snapshot.json")
	var s wire.Status
	must(t, json.Unmarshal([]byte(body), &s))
	if s.Generation != 1 || s.Domain != "cluster.local" || len(s.Services) != 5 || len(s.Problems) != 2 {
		t.Errorf("snapshot: generation %d, domain %q, %d services, %d problems", s.Generation, s.Domain, len(s.Services), len(s.Problems))
	}
	if got := s.Services[0].Service.DNSName; got != "analytics-db.reporting.svc.cluster.local" {
		t.Errorf("DNS name %q", got)
	}

	etag := resp.Header.Get("ETag")
	if resp, body := ask(t, "GET", r.url+"/snapshot.json", "If-None-Match", etag); resp.StatusCode != 304 || body != "" {
		t.Errorf("unchanged: %s, %d bytes", resp.Status, len(body))
	}
	l.set(sample())
	if resp, _ := ask(t, "GET", r.url+"/snapshot.json", "If-None-Match", etag); resp.StatusCode != 200 {
		t.Errorf("changed: %s", resp.Status)
	}
}

func TestBeforeTheFirstSnapshot(t *testing.T) {
	r := serve(t, newLive(&model.Snapshot{}), func(c *Config) {
		c.Snapshot = func() *model.Snapshot { return nil }
		c.Info = nil
	})
	_, body := ask(t, "GET", r.url+"/snapshot.json")
	want := `{"info":{"version":""},"generation":0,"domain":"","namespaces":[],"services":[],"problems":[]}` + "\n"
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}
