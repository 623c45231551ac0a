package metrics

import (
	"bufio"
	"net/http"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"fairlead.dev/internal/model"
)

// Handler serves what others gathers, and what the snapshot has series for, for
// /metrics. It speaks the text format alone, compressed with gzip for those who ask.
func (m *Metrics) Handler(others prometheus.Gatherer) http.Handler {
	return gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		families, err := others.Gather()
		if err != nil {
			http.Error(w, "metrics cannot be gathered: "+err.Error(), http.StatusInternalServerError)
			return
		}
		format := expfmt.NewFormat(expfmt.TypeTextPlain)
		w.Header().Set("Content-Type", string(format))
		to := bufio.NewWriterSize(w, 32<<10)
		encoder := expfmt.NewEncoder(to, format)
		for _, f := range families {
			if encoder.Encode(f) != nil {
				return // whoever asked has gone
			}
		}
		m.series(&text{to: to})
		_ = to.Flush()
	}))
}

// series writes what the snapshot of this moment has series for.
func (m *Metrics) series(t *text) {
	s := m.snapshot()
	if s == nil {
		s = &model.Snapshot{}
	}
	m.relay.forget(s)
	m.failovers.forget(s)
	for i := range m.families {
		t.write(&m.families[i], s)
	}
}
