package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead.dev/test/authority"
	"fairlead.dev/test/lab"
)

// TestGateway: what `fairlead run` does for services with a gateway, seen by curl and
// psql, and by real servers: nginx, HAProxy and a PostgreSQL that takes nobody without
// TLS.
func TestGateway(t *testing.T) {
	lab.Skip(t, "nginx", "haproxy")
	w := newWorld(t)
	outside, inside := authority.New(t, "Outside CA"), authority.New(t, "Inside CA")
	w.secureWeb("web", "10.0.1.25", outside, "api.example.com")
	w.behindProxy("10.0.1.26")
	cert, key := authority.Encode(t, outside.Issue([]string{"db.example.com"}))
	if _, err := w.host("db", "10.0.1.27").PostgresTLS("db", cert, key); err != nil {
		t.Fatal(err)
	}
	w.records("api.example.com. 2 A 10.0.1.25", "db.example.com. 2 A 10.0.1.27")
	insideCert, insideKey := authority.Encode(t, inside.Issue([]string{"api", "db"}))
	w.write("materials.yaml", fmt.Sprintf(`
apiVersion: v1
kind: ConfigMap
metadata: {name: outside-ca}
data:
  ca.crt: |
%s
---
apiVersion: v1
kind: Secret
metadata: {name: inside-tls}
type: kubernetes.io/tls
stringData:
  tls.crt: |
%s
  tls.key: |
%s
`, indented(outside.PEM()), indented(string(insideCert)), indented(string(insideKey))))
	w.write("services.yaml", `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: api}
spec:
  ports: [{name: http, port: 80, targetPort: 443}, {name: https, port: 443}]
  targets: [{name: api, hostname: api.example.com}]
  gateway:
    listeners:
    - {port: 80, protocol: HTTP}
    - {port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: inside-tls}]}}
    backendTLS: {caCertificateRefs: [{name: outside-ca}]}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: distrusted}
spec:
  ports: [{port: 80, targetPort: 443}]
  targets: [{name: api, hostname: api.example.com}]
  gateway:
    listeners: [{port: 80, protocol: HTTP}]
    backendTLS: {}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: proxied-v1}
spec:
  ports: [{port: 80}]
  targets: [{name: haproxy, addresses: [10.0.1.26]}]
  gateway: {proxyProtocol: V1}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: proxied-v2}
spec:
  ports: [{port: 80}]
  targets: [{name: haproxy, addresses: [10.0.1.26]}]
  gateway: {proxyProtocol: V2}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db}
spec:
  ports: [{port: 5432}]
  targets: [{name: db, hostname: db.example.com}]
  gateway:
    listeners: [{port: 5432, protocol: Postgres, tls: {certificateRefs: [{name: inside-tls}]}}]
    backendTLS: {caCertificateRefs: [{name: outside-ca}]}
`)
	f := w.run()
	insideFile := filepath.Join(t.TempDir(), "inside.pem")
	if err := os.WriteFile(insideFile, []byte(inside.PEM()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"plain in, TLS out", []string{"curl", "-sS", "http://api/x"}, "Host api.example.com SNI api.example.com"},
		{"the client is told", []string{"curl", "-sS", "http://api/x"}, "for 127.0.0.1"},
		{"TLS by the name inside", []string{"curl", "-sS", "--cacert", insideFile, "https://api/x"}, "Host api.example.com SNI api.example.com"},
		{"HTTP/2 by ALPN", []string{"curl", "-sS", "--cacert", insideFile, "-o", "/dev/null", "-w", "version %{http_version}", "https://api/x"}, "version 2"},
		{"not trusted", []string{"curl", "-sS", "http://distrusted/x"}, "which is not trusted here"},
		{"a PROXY header of version 1", []string{"curl", "-sS", "http://proxied-v1/"}, "client 127.0.0.1"},
		{"a PROXY header of version 2", []string{"curl", "-sS", "http://proxied-v2/"}, "client 127.0.0.1"},
		{"psql without TLS", secured("host=db sslmode=disable"), "db|t"},
		{"psql that verifies the name inside", secured("host=db sslmode=verify-full sslrootcert=" + insideFile), "db|t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := w.with(t).try(pod("default", c.args...)...)
			if err != nil || !strings.Contains(out, c.want) {
				t.Errorf("got %v: %s\nwant %s in it", err, out, c.want)
			}
		})
	}
	if said := f.log(); !strings.Contains(said, "msg=trouble") || !strings.Contains(said, "service=default/distrusted reason=CertificateInvalid") {
		t.Errorf("the log tells nothing of who is not trusted:\n%s", said)
	}
	t.Run("a Secret that is saved anew", func(t *testing.T) { w.with(t).rotates(insideFile) })
}

// rotates has another authority's certificate in the Secret.
func (w *world) rotates(old string) {
	next := authority.New(w, "Next CA")
	cert, key := authority.Encode(w, next.Issue([]string{"api"}))
	materials, err := os.ReadFile(filepath.Join(w.dir, "materials.yaml"))
	if err != nil {
		w.Fatal(err)
	}
	before, _, _ := strings.Cut(string(materials), "  tls.crt: |\n")
	w.write("materials.yaml", before+"  tls.crt: |\n"+indented(string(cert))+"\n  tls.key: |\n"+indented(string(key))+"\n")
	file := filepath.Join(w.TempDir(), "next.pem")
	if err := os.WriteFile(file, []byte(next.PEM()), 0o644); err != nil {
		w.Fatal(err)
	}
	w.eventually("the new certificate is shown", func() error {
		_, err := w.try(pod("default", "curl", "-sS", "--cacert", file, "https://api/x")...)
		return err
	})
	if out, err := w.try(pod("default", "curl", "-sS", "--cacert", old, "https://api/x")...); err == nil {
		w.Errorf("the old certificate is shown, too: %s", out)
	}
}

// secureWeb is an nginx with TLS for one name, which says what it was asked for.
func (w *world) secureWeb(name, addr string, ca *authority.Authority, host string) {
	w.Helper()
	cert, key := authority.WritePair(w, w.TempDir(), ca.Issue([]string{host}))
	config := fmt.Sprintf(`server {
	listen 443 ssl http2; server_name %[1]s; ssl_certificate %[2]s; ssl_certificate_key %[3]s;
	location / { return 200 "Host $http_host SNI $ssl_server_name for $http_x_forwarded_for\n"; }
}`, host, cert, key)
	if _, err := w.host(name, addr).Nginx(name, config); err != nil {
		w.Fatal(err)
	}
}

// behindProxy is an HAProxy that expects a PROXY header, and says whom it names.
func (w *world) behindProxy(addr string) {
	w.Helper()
	config := filepath.Join(w.TempDir(), "haproxy.cfg")
	text := fmt.Sprintf(`
defaults
  mode http
  timeout client 10s
  timeout connect 10s
  timeout server 10s
frontend told
  bind %s:80 accept-proxy
  http-request return status 200 content-type text/plain lf-string "client %%[src] asked %%[dst]:%%[dst_port]\n"
`, addr)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
	if _, err := w.host("haproxy", addr).Program("haproxy", "haproxy", "-db", "-f", config); err != nil {
		w.Fatal(err)
	}
}

// secured is a command line that asks a server which one it is, and whether by TLS.
func secured(where string) []string {
	return []string{
		"env", "PGCONNECT_TIMEOUT=10", "psql", "-XAt", where + " user=postgres dbname=postgres", "-c",
		"SELECT current_setting('cluster_name'), ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
	}
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
