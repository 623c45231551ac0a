package table

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fairlead.dev/internal/wire"
)

// answer serves one answer on loopback, and returns its address.
func answer(t *testing.T, code int, body string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.Path != "/snapshot.json" {
			t.Errorf("asked for %s %s", r.Method, r.URL.Path)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestFetch(t *testing.T) {
	b, err := json.Marshal(wire.Status{Generation: 7, Domain: "cluster.local"})
	if err != nil {
		t.Fatal(err)
	}
	srv := answer(t, 200, string(b))
	for _, address := range []string{srv.Listener.Addr().String(), srv.URL, srv.URL + "/"} {
		s, err := Fetch(t.Context(), srv.Client(), address)
		if err != nil || s.Generation != 7 || s.Domain != "cluster.local" {
			t.Errorf("%s: %+v, %v", address, s, err)
		}
	}
}

func TestFetchSaysWhatToDo(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	forbidden := answer(t, 403, "fairlead answers to IP addresses\x1b[2J\n")
	alien := answer(t, 200, "<html>")
	for name, test := range map[string]struct{ address, want string }{
		"nothing listens":  {closed.URL, "start one with fairlead run"},
		"refused":          {forbidden.URL, "403 Forbidden: fairlead answers to IP addresses?[2J"},
		"somebody else":    {alien.URL, "is not fairlead"},
		"not an address":   {"127.0.0.1:x", "such as 127.0.0.1:8053"},
		"a space in a URL": {"a b", "such as 127.0.0.1:8053"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Fetch(t.Context(), alien.Client(), test.address)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
