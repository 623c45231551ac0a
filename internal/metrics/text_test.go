package metrics

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"fairlead.dev/internal/model"
)

// TestTextIsRead: Prometheus' own parser reads the values and labels that were put.
func TestTextIsRead(t *testing.T) {
	labels := []string{``, `plain`, `with "quotes"`, `C:\temp\`, "two\nlines", `\n`, "ünï", `a="b",c="d"}`}
	values := []float64{0, 1, -1, 0.1, 1e-9, 1 << 53, 1.7000000005e9, math.Inf(1), math.Inf(-1)}
	f := family{
		name: "fairlead_odd", help: "Odd ones.", kind: gauge, labels: []string{"one", "two"},
		series: func(_ *model.Snapshot, t *text) {
			for i, v := range values {
				t.put(v, labels[i%len(labels)], fmt.Sprint(i))
			}
		},
	}
	var b bytes.Buffer
	to := text{to: bufio.NewWriter(&b)}
	to.write(&f, &model.Snapshot{})
	to.write(&family{name: "fairlead_none", series: func(*model.Snapshot, *text) {}}, &model.Snapshot{})
	if err := to.to.Flush(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "fairlead_none") {
		t.Errorf("a metric without series is written:\n%s", &b)
	}
	reg := prometheus.NewRegistry()
	want := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: f.name, Help: f.help}, f.labels)
	reg.MustRegister(want)
	for i, v := range values {
		want.WithLabelValues(labels[i%len(labels)], fmt.Sprint(i)).Set(v)
	}
	if err := testutil.GatherAndCompare(reg, &b); err != nil {
		t.Error(err)
	}
}

// TestHandlerCompresses for those who ask, and for no others.
// TestHandlerNames: whoever asks for some metrics by name gets no others.
func TestHandlerNames(t *testing.T) {
	f := newFixture(t, many(3))
	w := httptest.NewRecorder()
	f.Handler(f.reg).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics?name[]=fairlead_build_info&name[]=fairlead_services", nil))
	var got []string
	for line := range strings.Lines(w.Body.String()) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			got = append(got, strings.Fields(name)[0])
		}
	}
	slices.Sort(got)
	if want := []string{"fairlead_build_info", "fairlead_services"}; !slices.Equal(got, want) {
		t.Errorf("%v are shown, want %v", got, want)
	}
}

func TestHandlerCompresses(t *testing.T) {
	f := newFixture(t, many(1000))
	srv := httptest.NewServer(f.Handler(f.reg))
	defer srv.Close()
	sizes := map[string]int{}
	for _, accept := range []string{"deflate, gzip;q=0.5", "gzip", "identity", "gzip;q=0", "br, gzip; q=0.0"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", accept)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		sizes[resp.Header.Get("Content-Encoding")] = len(body)
		if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4; charset=utf-8") {
			t.Errorf("the type is %q", got)
		}
	}
	if len(sizes) != 2 || sizes["gzip"] == 0 || sizes["gzip"] > sizes[""]/10 {
		t.Errorf("octets by encoding: %v", sizes)
	}
}

// many is a snapshot with n services that are probed.
func many(n int) *model.Snapshot {
	var all []*model.Published
	conditions := []model.Condition{
		{Type: model.Accepted, Status: true, Reason: "Accepted"},
		{Type: model.Resolvable, Status: true, Reason: "Resolved"},
		{Type: model.Programmed, Status: true, Reason: "Listening"},
		{Type: model.Healthy, Status: true, Reason: "ProbesPass"},
		{Type: model.Ready, Status: true, Reason: "EndpointsReady"},
	}
	for i := range n {
		status := func(name string, priority int) model.TargetStatus {
			at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), byte(priority)}), 5432)
			return model.TargetStatus{Name: name, Priority: priority, Checks: []model.CheckStatus{{Addr: at, Verdict: model.Up}}}
		}
		all = append(all, &model.Published{
			Service: model.Service{Key: model.Key{Namespace: "shop", Name: fmt.Sprintf("service-%05d", i)}, Type: model.ClusterIP, Probe: &model.Probe{}},
			Decision: model.Decision{
				Active: []string{"primary"}, Targets: []model.TargetStatus{status("primary", 10), status("standby", 20)}, Conditions: conditions,
			},
		})
	}
	return model.NewSnapshot("cluster.local", nil, all, nil)
}

func BenchmarkScrape(b *testing.B) {
	s := many(10_000)
	reg := prometheus.NewRegistry()
	m, err := New(reg, Config{Snapshot: func() *model.Snapshot { return s }})
	if err != nil {
		b.Fatal(err)
	}
	h := m.Handler(reg)
	for _, accept := range []string{"identity", "gzip"} {
		b.Run(accept, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				req.Header.Set("Accept-Encoding", accept)
				h.ServeHTTP(&discarded{header: http.Header{}}, req)
			}
		})
	}
}

// discarded is an answer that nobody reads.
type discarded struct{ header http.Header }

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarded) WriteHeader(int)             {}

// TestAnErrorIsNotCompressed: what cannot be gathered is told, and nothing follows.
func TestAnErrorIsNotCompressed(t *testing.T) {
	f := newFixture(t, world())
	f.reg.MustRegister(broken{})
	answer, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil)
	req.Header.Set("Accept-Encoding", "gzip")
	f.handler.ServeHTTP(answer, req)
	if body := answer.Body.String(); answer.Code != http.StatusInternalServerError || answer.Header().Get("Content-Encoding") != "" ||
		!strings.Contains(body, "no luck") || strings.Contains(body, "fairlead_services") {
		t.Errorf("%d %v: %s", answer.Code, answer.Header(), body)
	}
}

// broken is a collector that fails.
type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}

func (broken) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.NewInvalidMetric(prometheus.NewDesc("broken", "Broken.", nil, nil), errors.New("no luck"))
}
