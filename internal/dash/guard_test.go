package dash

import (
	"net/http"
	"strings"
	"testing"
)

func TestAllowed(t *testing.T) {
	hosts := []string{"status.internal", ""}
	for header, want := range map[string]bool{
		"127.0.0.1:8053":        true,
		"127.0.0.1":             true,
		"10.0.0.4:80":           true,
		"[::1]:8053":            true,
		"[::1]":                 true,
		"localhost:8053":        true,
		"LocalHost":             true,
		"localhost.:8053":       true,
		"status.internal:8053":  true,
		"STATUS.internal.":      true,
		"evil.example":          false,
		"evil.example:8053":     false,
		"localhost.evil.com":    false,
		"127.0.0.1.evil.com:80": false,
		"xstatus.internal":      false,
		"":                      false,
		":8053":                 false,
		"2130706433":            false,
	} {
		if got := allowed(hosts, header); got != want {
			t.Errorf("Host %q: allowed is %v, want %v", header, got, want)
		}
	}
}

func TestForeignHostsAreRefused(t *testing.T) {
	r := serve(t, newLive(sample()))
	for _, path := range []string{"/", "/snapshot.json", "/metrics", "/readyz"} {
		resp, body := ask(t, "GET", r.url+path, "Host", "evil.example:8053")
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s, want 403", path, resp.Status)
		}
		for _, want := range []string{`"evil.example"`, "http://127.0.0.1:8053/"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the text %q lacks %s", path, body, want)
			}
		}
		if strings.Contains(body, "analytics") {
			t.Errorf("%s shows names to a foreign host", path)
		}
	}
	if resp, _ := ask(t, "HEAD", r.url+"/events", "Host", "evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("/events: %s, want 403", resp.Status)
	}
}
