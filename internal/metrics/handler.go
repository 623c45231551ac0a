package metrics

import (
	"bufio"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fairlead.dev/internal/model"
)

// Handler serves what others gathers, and what the snapshot has series for, for
// /metrics. It speaks the text format alone, compressed with gzip for those who ask.
func (m *Metrics) Handler(others prometheus.Gatherer) http.Handler {
	gathered := promhttp.HandlerFor(others, promhttp.HandlerOpts{DisableCompression: true})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plain := r.Clone(r.Context())
		plain.Header.Del("Accept") // what follows is text
		a := &answer{ResponseWriter: w, to: w}
		var zip *gzip.Writer
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			w.Header().Set("Content-Encoding", "gzip")
			zip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // a level that there is
			a.to = zip
		}
		w.Header().Add("Vary", "Accept-Encoding")
		gathered.ServeHTTP(a, plain)
		if a.failed {
			return
		}
		to := bufio.NewWriterSize(a, 32<<10)
		m.series(&text{to: to}, r.URL.Query()["name[]"])
		_ = to.Flush() // whoever asked may have gone
		if zip != nil {
			_ = zip.Close()
		}
	})
}

// answer is one whose body goes through another writer, unless it is an error's.
type answer struct {
	http.ResponseWriter
	to     io.Writer
	failed bool
}

func (a *answer) Write(b []byte) (int, error) { return a.to.Write(b) }

func (a *answer) WriteHeader(code int) {
	if code != http.StatusOK {
		a.failed, a.to = true, a.ResponseWriter
		a.Header().Del("Content-Encoding")
	}
	a.ResponseWriter.WriteHeader(code)
}

// acceptsGzip reports whether an Accept-Encoding names gzip, and not as what is not
// accepted (RFC 9110 section 12.5.3).
func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		_, q, _ := strings.Cut(weight, "=")
		return strings.Trim(strings.TrimSpace(q), "0.") != "" || weight == ""
	}
	return false
}

// series writes what the snapshot of this moment has series for, of the names asked
// for; of all if none is.
func (m *Metrics) series(t *text, names []string) {
	s := m.snapshot()
	if s == nil {
		s = &model.Snapshot{}
	}
	m.relay.forget(s)
	m.failovers.forget(s)
	for i := range m.families {
		if f := &m.families[i]; len(names) == 0 || slices.Contains(names, f.name) {
			t.write(f, s)
		}
	}
}
