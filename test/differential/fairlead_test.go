//go:build linux

package differential

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// fairlead is the real program, serving a folder.
type fairlead struct {
	*process
	dns, http string
	folder    string
}

// startFairlead builds the program and serves the files, which are texts by
// their names.
func startFairlead(t *testing.T, upstream string, files map[string]string) *fairlead {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fairlead")
	build := exec.Command("go", "build", "-o", program, "fairlead.dev/cmd/fairlead")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	f := &fairlead{folder: t.TempDir()}
	for name, text := range files {
		f.write(t, name, text)
	}
	f.process = start(t, "fairlead", program, nil, "run", "--log-format", "json",
		"--dns-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
		"--service-cidr", serviceCIDR, "--upstream", upstream, f.folder)
	await(t, "wait for fairlead", f.process, func() string {
		f.dns, f.http = serving(f.output())
		if f.dns == "" {
			return "it does not say where it serves"
		}
		return f.ready()
	})
	return f
}

// serving finds the line that says where everything is.
func serving(log string) (dnsAddr, httpAddr string) {
	lines := bufio.NewScanner(strings.NewReader(log))
	for lines.Scan() {
		var line struct{ Msg, DNS, HTTP string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			return line.DNS, line.HTTP
		}
	}
	return "", ""
}

// ready returns what /readyz says is missing.
func (f *fairlead) ready() string {
	resp, err := http.Get("http://" + f.http + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK {
		return ""
	}
	return resp.Status + ": " + string(body)
}

// write replaces a file at once, as editors do.
func (f *fairlead) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(f.folder, name)
	if err := os.WriteFile(path+".tmp", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

// edit replaces a file and waits until it is served: until the marker in it
// answers, and everything it names is looked up.
func (f *fairlead) edit(t *testing.T, name, text, marker string) {
	t.Helper()
	f.write(t, name, text)
	await(t, "wait for the edit", f.process, func() string {
		m, err := dns.Exchange(new(dns.Msg).SetQuestion(marker, dns.TypeA), f.dns)
		if err != nil {
			return err.Error()
		}
		if m.Rcode != dns.RcodeSuccess {
			return marker + ": " + dns.RcodeToString[m.Rcode]
		}
		return f.ready()
	})
}
