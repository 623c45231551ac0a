package metrics

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"fairlead.dev/internal/model"
)

// fixture is metrics over a snapshot that a test may replace.
type fixture struct {
	*Metrics
	reg     *prometheus.Registry
	handler http.Handler

	mu       sync.Mutex
	snapshot *model.Snapshot
}

func newFixture(t *testing.T, s *model.Snapshot) *fixture {
	t.Helper()
	f := &fixture{reg: prometheus.NewRegistry(), snapshot: s}
	m, err := New(f.reg, Config{Version: "v0.1.0", Snapshot: func() *model.Snapshot {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.snapshot
	}})
	if err != nil {
		t.Fatal(err)
	}
	f.Metrics, f.handler = m, m.Handler(f.reg)
	return f
}

func (f *fixture) set(s *model.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.snapshot = s
}

// page is what /metrics says.
func (f *fixture) page(t *testing.T) string {
	t.Helper()
	answer := httptest.NewRecorder()
	f.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("/metrics answers %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// count is how many series a metric has; of a histogram one for each that it is.
func (f *fixture) count(t *testing.T, name string) int {
	t.Helper()
	n := 0
	for line := range strings.Lines(f.page(t)) {
		if strings.HasPrefix(line, name+"{") || strings.HasPrefix(line, name+"_count") {
			n++
		}
	}
	return n
}

// want compares some metrics with their text form, by Prometheus' own parser.
func (f *fixture) want(t *testing.T, text string, names ...string) {
	t.Helper()
	srv := httptest.NewServer(f.handler)
	defer srv.Close()
	if err := testutil.ScrapeAndCompare(srv.URL, strings.NewReader(text), names...); err != nil {
		t.Error(err)
	}
}

func db() model.Key  { return model.Key{Namespace: "reporting", Name: "db"} }
func crm() model.Key { return model.Key{Namespace: "shop", Name: "crm"} }

func world() *model.Snapshot {
	endpoint := func(ip string, ready bool) model.Endpoint {
		return model.Endpoint{Addr: netip.MustParseAddr(ip), Ready: ready}
	}
	s := model.NewSnapshot("cluster.local", []string{"reporting", "shop"}, []*model.Published{
		{
			Service: model.Service{Key: db(), Type: model.ClusterIP, Probe: &model.Probe{Kind: model.ProbeTCP}},
			Decision: model.Decision{
				Active: []string{"a"}, Targets: []model.TargetStatus{{
					Name: "a", Checks: []model.CheckStatus{{Addr: netip.MustParseAddrPort("10.0.0.1:5432"), Verdict: model.Up}},
				}},
				Endpoints: []model.Endpoint{endpoint("10.0.0.1", true), endpoint("10.0.0.2", true), endpoint("10.0.0.3", false)},
				Conditions: []model.Condition{
					{Type: model.Resolvable, Status: false, Reason: "LookupFailed", Message: "timed out"},
					{Type: model.Ready, Status: true, Reason: "EndpointsReady"},
				},
			},
		},
		{Service: model.Service{Key: crm(), Type: model.ExternalName}},
	}, []model.Problem{{Severity: model.Warning}, {Severity: model.Warning}})
	s.Generation, s.At = 7, time.UnixMilli(1700000000500)
	return s
}

func TestSnapshotGauges(t *testing.T) {
	f := newFixture(t, world())
	f.want(t, `
# HELP fairlead_problems Problems in the manifests, by severity.
# TYPE fairlead_problems gauge
fairlead_problems{severity="Error"} 0
fairlead_problems{severity="Info"} 0
fairlead_problems{severity="Warning"} 2
# HELP fairlead_service_condition A service's conditions with their status and reason; always 1.
# TYPE fairlead_service_condition gauge
fairlead_service_condition{condition="Ready",name="db",namespace="reporting",reason="EndpointsReady",status="true"} 1
fairlead_service_condition{condition="Resolved",name="db",namespace="reporting",reason="LookupFailed",status="false"} 1
# HELP fairlead_service_endpoints Published endpoints of a service, by readiness.
# TYPE fairlead_service_endpoints gauge
fairlead_service_endpoints{name="crm",namespace="shop",ready="false"} 0
fairlead_service_endpoints{name="crm",namespace="shop",ready="true"} 0
fairlead_service_endpoints{name="db",namespace="reporting",ready="false"} 1
fairlead_service_endpoints{name="db",namespace="reporting",ready="true"} 2
# HELP fairlead_service_ready 1 if there is an endpoint to connect to that is not known to be down, or an ExternalName's name has addresses, else 0.
# TYPE fairlead_service_ready gauge
fairlead_service_ready{name="crm",namespace="shop"} 0
fairlead_service_ready{name="db",namespace="reporting"} 1
# HELP fairlead_services Services, by namespace and type.
# TYPE fairlead_services gauge
fairlead_services{namespace="reporting",type="ClusterIP"} 1
fairlead_services{namespace="shop",type="ExternalName"} 1
# HELP fairlead_snapshot_generation Number of the current snapshot; 0 before the first.
# TYPE fairlead_snapshot_generation gauge
fairlead_snapshot_generation 7
# HELP fairlead_snapshot_timestamp_seconds When the current snapshot was made, as a Unix time; 0 before the first.
# TYPE fairlead_snapshot_timestamp_seconds gauge
fairlead_snapshot_timestamp_seconds 1.7000000005e+09
`, "fairlead_problems", "fairlead_service_condition", "fairlead_service_endpoints", "fairlead_service_ready",
		"fairlead_services", "fairlead_snapshot_generation", "fairlead_snapshot_timestamp_seconds")

	f.set(nil)
	f.want(t, `
# HELP fairlead_snapshot_generation Number of the current snapshot; 0 before the first.
# TYPE fairlead_snapshot_generation gauge
fairlead_snapshot_generation 0
`, "fairlead_snapshot_generation", "fairlead_services")
}

func TestDNSQueriesHaveBoundedLabels(t *testing.T) {
	f := newFixture(t, world())
	for qtype := range uint16(500) {
		f.DNSQuery("udp", qtype, int(qtype), "local", time.Millisecond)
	}
	f.DNSQuery("tcp", 28, 3, "forward", time.Second)
	if n := f.count(t, "fairlead_dns_queries_total"); n == 0 || n > 20 {
		t.Errorf("%d series", n)
	}
	if got := testutil.ToFloat64(f.dns.queries.WithLabelValues("tcp", "AAAA", "NXDOMAIN", "forward")); got != 1 {
		t.Errorf("AAAA NXDOMAIN over TCP is counted %v times, want 1", got)
	}
	if got := testutil.ToFloat64(f.dns.queries.WithLabelValues("udp", "other", "other", "local")); got < 480 {
		t.Errorf("other types are counted %v times", got)
	}
	if n := f.count(t, "fairlead_dns_query_duration_seconds"); n != 2 {
		t.Errorf("%d histograms, want one for each source", n)
	}
}

func TestRelayCounts(t *testing.T) {
	f := newFixture(t, world())
	f.RelayOpened(db())
	f.RelayOpened(db())
	f.RelayClosed(db(), 100, 2000, time.Second)
	f.RelayConnectFailed(db(), "ConnectionRefused")
	f.RelayRefused(db())
	f.want(t, `
# HELP fairlead_relay_bytes_total Bytes relayed on connections that have ended, by service and direction (to_target or to_client).
# TYPE fairlead_relay_bytes_total counter
fairlead_relay_bytes_total{direction="to_client",name="db",namespace="reporting"} 2000
fairlead_relay_bytes_total{direction="to_target",name="db",namespace="reporting"} 100
# HELP fairlead_relay_connect_failures_total Failed attempts to connect to an endpoint, by service and reason.
# TYPE fairlead_relay_connect_failures_total counter
fairlead_relay_connect_failures_total{name="db",namespace="reporting",reason="ConnectionRefused"} 1
# HELP fairlead_relay_connections_total Connections relayed to an endpoint, by service.
# TYPE fairlead_relay_connections_total counter
fairlead_relay_connections_total{name="db",namespace="reporting"} 2
# HELP fairlead_relay_open_connections Connections that the relay carries now, by service.
# TYPE fairlead_relay_open_connections gauge
fairlead_relay_open_connections{name="db",namespace="reporting"} 1
# HELP fairlead_relay_refused_total Client connections and requests refused since no endpoint could be reached, by service.
# TYPE fairlead_relay_refused_total counter
fairlead_relay_refused_total{name="db",namespace="reporting"} 1
`, "fairlead_relay_bytes_total", "fairlead_relay_connect_failures_total", "fairlead_relay_connections_total",
		"fairlead_relay_open_connections", "fairlead_relay_refused_total")
}

func TestRelaySeriesGoWithTheirService(t *testing.T) {
	f := newFixture(t, world())
	series := func() int { return f.count(t, "fairlead_relay_connections_total") }
	f.RelayOpened(db())
	f.RelayOpened(crm())
	f.RelayClosed(crm(), 1, 1, 0)
	if n := series(); n != 2 {
		t.Errorf("%d services are counted, want 2", n)
	}
	f.set(model.NewSnapshot("cluster.local", nil, nil, nil))
	if n := series(); n != 1 {
		t.Errorf("after both services went %d are counted, want the one with an open connection", n)
	}
	f.RelayClosed(db(), 1, 1, 0)
	if n := series(); n != 0 {
		t.Errorf("%d services are counted, want none", n)
	}
}

func TestHooksMayBeCalledConcurrently(t *testing.T) {
	f := newFixture(t, world())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				f.DNSQuery("udp", uint16(j%40), j%8, "local", time.Microsecond)
				f.RelayOpened(model.Key{Namespace: "n", Name: string(rune('a' + i))})
				f.RelayClosed(model.Key{Namespace: "n", Name: string(rune('a' + i))}, 1, 1, 0)
				f.Lookup(model.Question{Type: model.A}, model.Answered, time.Microsecond)
				f.Reloads(true)
				if j%50 == 0 {
					w := httptest.NewRecorder()
					f.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
					if w.Code != http.StatusOK {
						t.Errorf("a scrape ends with %d: %s", w.Code, w.Body)
					}
				}
			}
		})
	}
	wg.Wait()
	if got := testutil.ToFloat64(f.reloads.ok); got != 1600 {
		t.Errorf("%v reloads are counted, want 1600", got)
	}
}

func TestLookupsAndReloads(t *testing.T) {
	f := newFixture(t, world())
	f.Lookup(model.Question{Name: "db.example.com", Type: model.SRV}, model.Timeout, time.Second)
	f.Lookup(model.Question{Type: "TXT"}, "Odd", time.Second)
	f.Reloads(true)
	f.Reloads(false)
	f.want(t, `
# HELP fairlead_lookups_total Look-ups of targets in the outside DNS, by record type and class of the answer.
# TYPE fairlead_lookups_total counter
fairlead_lookups_total{class="Timeout",type="SRV"} 1
fairlead_lookups_total{class="other",type="other"} 1
# HELP fairlead_last_reload_successful 1 if the last reading of the manifests succeeded, else 0.
# TYPE fairlead_last_reload_successful gauge
fairlead_last_reload_successful 0
# HELP fairlead_reloads_total Times that the manifests were read, by result (success or failure).
# TYPE fairlead_reloads_total counter
fairlead_reloads_total{result="failure"} 1
fairlead_reloads_total{result="success"} 1
`, "fairlead_lookups_total", "fairlead_last_reload_successful", "fairlead_reloads_total")
	if testutil.ToFloat64(f.reloads.lastOK) == 0 {
		t.Error("the time of the last success is not kept")
	}
}

func TestConventions(t *testing.T) {
	f := newFixture(t, world())
	touch(f.Metrics)
	problems, err := promlint.New(strings.NewReader(f.page(t))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestNewTwiceIsRefused(t *testing.T) {
	f := newFixture(t, world())
	if _, err := New(f.reg, Config{}); err == nil || !strings.Contains(err.Error(), "a registry that has none") {
		t.Errorf("error %v", err)
	}
}

func TestHandler(t *testing.T) {
	reg := NewRegistry()
	m, err := New(reg, Config{Version: "v0.1.0"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(m.Handler(reg))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`fairlead_build_info{goversion="go`, "go_goroutines", "process_start_time_seconds"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// touch makes every metric appear.
func touch(m *Metrics) {
	m.DNSQuery("udp", 1, 0, "local", time.Millisecond)
	m.RelayOpened(db())
	m.RelayClosed(db(), 1, 1, time.Second)
	m.RelayConnectFailed(db(), "")
	m.RelayRefused(db())
	m.Lookup(model.Question{Type: model.A}, model.Answered, time.Millisecond)
	m.Reloads(true)
	m.Probe(model.ProbeTCP, model.Result{Up: true, Took: time.Millisecond}, time.Millisecond)
}

func BenchmarkDNSQuery(b *testing.B) {
	m, err := New(prometheus.NewRegistry(), Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.DNSQuery("udp", 1, 0, "local", time.Microsecond)
	}
}

func BenchmarkRelayOpened(b *testing.B) {
	m, err := New(prometheus.NewRegistry(), Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.RelayOpened(db())
	}
}
