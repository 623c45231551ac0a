package standin

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

const exampleZone = "../../examples/outside.zone"

// elsewhere keeps out of the way of stand-ins that a person runs.
func elsewhere() netip.Prefix { return netip.MustParsePrefix("127.117.0.0/16") }

// start starts the default stand-ins elsewhere, and returns what they log.
func start(t *testing.T, zone string) (o *Outside, log chan string) {
	t.Helper()
	c, err := Default(elsewhere(), zone)
	if err != nil {
		t.Fatal(err)
	}
	log = make(chan string, 100)
	c.Log = func(line string) { log <- line }
	o, err = Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o, log
}

func TestDatabasesSayWhichTheyAre(t *testing.T) {
	o, _ := start(t, exampleZone)
	answers := map[string]bool{}
	for _, p := range o.places {
		if p.Kind != Database {
			continue
		}
		// The client of examples/reporting, in bash.
		cmd := exec.Command("bash", "-c", `exec 3<>/dev/tcp/$0/$1; echo 'SELECT name;' >&3; read -r a <&3; echo "$a"; echo >&3; read -r a <&3; echo "$a"; echo '\q' >&3; cat <&3`,
			p.Addr.Addr().String(), "5432")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		line := p.Name + " at " + p.Addr.String() + "\n"
		if string(out) != line+line {
			t.Errorf("got %q, want twice %q", out, line)
		}
		answers[line] = true
	}
	if len(answers) != 7 {
		t.Errorf("%d databases can be told apart, want 7", len(answers))
	}
}

func TestCloseEndsConnections(t *testing.T) {
	o, _ := start(t, exampleZone)
	conn, err := net.Dial("tcp", "127.117.2.1:5432")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "SELECT name\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes after the end", n)
	}
}

// get sends a request as a client that dialled name:port would, to addr.
func get(t *testing.T, addr string, trust *x509.CertPool, r *http.Request) (map[string]any, error) {
	t.Helper()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		TLSClientConfig: &tls.Config{RootCAs: trust},
	}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return got, nil
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAPIEchoes(t *testing.T) {
	start(t, exampleZone)
	r := request(t, "POST", "http://external-api:8080/anything/deep?test=value&two=1&two=2", `{"a": [1]}`)
	r.Header.Set("X-Thing", "<yes>")
	got, err := get(t, "127.117.113.2:8080", nil, r)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(got)
	for _, want := range []string{
		`"args":{"test":"value","two":["1","2"]}`, `"data":"{\"a\": [1]}"`, `"json":{"a":[1]}`,
		`"Host":"external-api:8080"`, `"X-Thing":"\u003cyes\u003e"`, `"method":"POST"`, `"origin":"127.0.0.1"`,
		`"server":"external-api (second) at 127.117.113.2:8080"`,
		`"url":"http://external-api:8080/anything/deep?test=value\u0026two=1\u0026two=2"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	r = request(t, "PUT", "http://x/anything", "name=value")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got, err = get(t, "127.117.113.1:8080", nil, r); err != nil {
		t.Fatal(err)
	}
	b, _ = json.Marshal([]any{got["form"], got["data"], got["server"]})
	if want := `[{"name":"value"},"","external-api (first) at 127.117.113.1:8080"]`; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
}

func TestCertificateFitsOneName(t *testing.T) {
	o, _ := start(t, exampleZone)
	trust := x509.NewCertPool()
	if !trust.AppendCertsFromPEM(o.Certificate()) {
		t.Fatal("no certificate")
	}
	got, err := get(t, "127.117.3.1:8443", trust, request(t, "GET", "https://httpbin.org/anything", ""))
	if err != nil {
		t.Fatal(err)
	}
	if got["url"] != "https://httpbin.org/anything" {
		t.Errorf("got %v", got)
	}
	if _, err = get(t, "127.117.3.1:8443", trust, request(t, "GET", "https://webscaler-manual/anything", "")); err == nil || !strings.Contains(err.Error(), "certificate is valid for httpbin.org, not webscaler-manual") {
		t.Errorf("another name: %v", err)
	}
}

func TestPrint(t *testing.T) {
	o, _ := start(t, exampleZone)
	var b bytes.Buffer
	if err := o.Print(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 1+len(o.places) || !strings.HasPrefix(lines[0], "ADDRESS") {
		t.Errorf("table:\n%s", &b)
	}
	if !strings.Contains(b.String(), "127.117.1.26:5432    database   legacy-metrics-db (production, second)   10.0.1.26") {
		t.Errorf("table:\n%s", &b)
	}
}

func TestStartRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.118.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	taken := netip.MustParseAddrPort(busy.Addr().String())
	free := Place{Database, netip.MustParseAddrPort("127.118.0.2:5432"), "free", "x"}
	tests := []struct {
		name  string
		place Place
		wants string
	}{
		{"a port that is taken", Place{Database, taken, "db", "x"}, "--network"},
		{"a DNS port that is taken", Place{DNS, taken, "dns", "x"}, "--network"},
		{"an address of the real world", Place{HTTP, netip.MustParseAddrPort("192.0.2.1:80"), "api", "x"}, "loopback"},
		{"an unknown kind", Place{"mail", netip.MustParseAddrPort("127.118.0.3:2525"), "mail", "x"}, "none of"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Start(Config{Places: []Place{free, tt.place}, Zone: exampleZone, Certificate: "x.example"})
			if err == nil || !strings.Contains(err.Error(), tt.wants) {
				t.Errorf("error %v, want %q", err, tt.wants)
			}
			// None is left behind.
			l, err := net.Listen("tcp", free.Addr.String())
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
		})
	}
	if _, err := Start(Config{Zone: filepath.Join(t.TempDir(), "none"), Certificate: "x.example"}); err == nil || !strings.Contains(err.Error(), "--zone") {
		t.Errorf("no zone file: %v", err)
	}
	for _, network := range []string{"10.0.0.0/16", "127.0.0.0/8", "::1/128"} {
		if _, err := Default(netip.MustParsePrefix(network), "x"); err == nil {
			t.Errorf("%s was accepted", network)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
