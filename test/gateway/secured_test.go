//go:build linux

package gateway

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/authority"
)

// website is an nginx on a host that has names by their certificates, and another site
// for whoever comes by another name.
func (s *site) website(name, addr string, servers ...string) {
	s.t.Helper()
	h := s.host(name, addr)
	if _, err := h.Nginx(name, strings.Join(servers, "\n")); err != nil {
		s.t.Fatal(err)
	}
}

// server is a virtual host of nginx that tells what it was asked for.
func server(name, secured string) string {
	return fmt.Sprintf(`server {
	listen 80; listen 443 ssl http2; server_name %[1]s; %[2]s
	location / { return 200 "%[1]s saw Host $http_host SNI $ssl_server_name for $request_uri from $http_x_forwarded_for as $http_x_forwarded_proto\n"; }
	location /moved { return 302 https://$host/anything; }
}`, name, secured)
}

// secured: curl and psql in a Pod reach servers outside that are known by their own
// names and by TLS alone, by the name inside.
func secured(t *testing.T, s *site) {
	inside := authority.New(t, "Cluster CA")
	s.website("web", "10.0.1.25",
		"server { listen 80 default_server; listen 443 ssl http2 default_server; server_name _; "+s.files(s.ca.Issue([]string{"other.example.com"}))+" return 421 \"nobody here is called $host\\n\"; }",
		server("www.webscaler.example.com", s.files(s.ca.Issue([]string{"www.webscaler.example.com"}))))
	db := s.host("db", "10.0.1.26")
	cert, key := authority.Encode(t, s.ca.Issue([]string{"db.example.com"}))
	if _, err := db.PostgresTLS("db", cert, key); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := authority.WritePair(t, t.TempDir(), s.ca.Issue([]string{"rpc.example.com"}))
	if _, err := s.host("rpc", "10.0.1.27").Program("grpc", s.grpc, "-listen", "10.0.1.27:443", "-cert", certFile, "-key", keyFile); err != nil {
		t.Fatal(err)
	}
	s.names("rpc.example.com. 2 A 10.0.1.27", "www.webscaler.example.com. 2 A 10.0.1.25", "db.example.com. 2 A 10.0.1.26")
	s.apply(authorities("outside-ca", s.ca) + s.secret("webscaler-tls", inside.Issue([]string{"webscaler-manual", "webscaler-manual." + s.demo + ".svc"})) + `---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: webscaler-manual, namespace: DEMO}
spec:
  ports: [{name: http, port: 80, targetPort: 443}, {name: https, port: 443}]
  targets: [{name: webscaler, hostname: www.webscaler.example.com}]
  gateway:
    listeners:
    - {port: 80, protocol: HTTP}
    - {port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: webscaler-tls}]}}
    backendTLS: {caCertificateRefs: [{kind: ConfigMap, name: outside-ca}]}
    http: {rewriteRedirects: true}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db, namespace: DEMO}
spec:
  ports: [{port: 5432, appProtocol: postgresql}]
  targets: [{name: db, hostname: db.example.com}]
  gateway:
    backendTLS: {caCertificateRefs: [{kind: ConfigMap, name: outside-ca}]}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: rpc, namespace: DEMO}
spec:
  ports: [{port: 50051, targetPort: 443, appProtocol: grpc}]
  targets: [{name: rpc, hostname: rpc.example.com}]
  gateway:
    backendTLS: {caCertificateRefs: [{kind: ConfigMap, name: outside-ca}]}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: passing, namespace: DEMO}
spec:
  ports: [{port: 443}]
  targets: [{name: webscaler, hostname: www.webscaler.example.com}]
  gateway:
    listeners: [{port: 443, protocol: TLS, tls: {mode: Passthrough}}]
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: plain, namespace: DEMO}
spec:
  type: ExternalName
  targets: [{name: webscaler, hostname: www.webscaler.example.com}]
`)
	s.kubectl("wait", "--for=condition=Ready", "xsvc", "--all", "-n", s.demo, "--timeout=60s")
	if _, err := s.in("sh", "-c", "cat >/tmp/inside.pem <<'E'\n"+inside.PEM()+"\nE\ncat >/tmp/outside.pem <<'E'\n"+s.ca.PEM()+"\nE"); err != nil {
		t.Fatal(err)
	}
	s.until("the gateway answers", func(context.Context) error {
		if got := s.curl("http://webscaler-manual/anything"); !strings.Contains(got, "status 200") {
			return fmt.Errorf("got %s", got)
		}
		return nil
	})
	for _, c := range []struct {
		name string
		got  func() string
		want string
	}{
		{"plain HTTP", func() string { return s.curl("http://webscaler-manual/anything") }, "www.webscaler.example.com saw Host www.webscaler.example.com SNI www.webscaler.example.com for /anything from 10.244.0."},
		{"the scheme is told", func() string { return s.curl("http://webscaler-manual/anything") }, " as http\n"},
		{"HTTPS by the name inside", func() string { return s.curl("--cacert", "/tmp/inside.pem", "https://webscaler-manual/anything") }, "saw Host www.webscaler.example.com SNI www.webscaler.example.com for /anything from 10.244.0."},
		{"a redirect leads back inside", func() string { return s.curl("-I", "http://webscaler-manual/moved") }, "http://webscaler-manual/anything"},
		{"HTTP/2 without TLS", func() string { return s.curl("--http2-prior-knowledge", "http://webscaler-manual/h2") }, "for /h2"},
		{"gRPC: a call and a stream", func() string { return s.ask("rpc:50051") }, "sick is NOT_SERVING and sound is SERVING"},
		{"gRPC: a status", func() string { return s.ask("rpc:50051") }, "absent is NotFound"},
		{"passed through", func() string {
			return s.curl("--cacert", "/tmp/outside.pem", "--connect-to", "www.webscaler.example.com:443:passing:443", "https://www.webscaler.example.com/through")
		}, "SNI www.webscaler.example.com for /through"},
		{"a bare alias breaks the Host", func() string { return s.curl("http://plain/anything") }, "status 421"},
		{"and the certificate", func() string { return s.curl("--cacert", "/tmp/outside.pem", "https://plain/anything") }, "curl: (60)"},
		{"an old client of a database that wants TLS", func() string { return s.psql("host=db sslmode=disable") }, "db|t"},
		{"which it would refuse", func() string { return s.psql("host=10.0.1.26 sslmode=disable") }, "no encryption"},
		{"a client that would rather have TLS", func() string { return s.psql("host=db sslmode=prefer") }, "db|t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.got(); !strings.Contains(got, c.want) {
				t.Errorf("got %s\nwant %s in it", got, c.want)
			}
		})
	}
	t.Run("a certificate that is rotated", func(t *testing.T) {
		next := authority.New(t, "Next CA")
		s.apply(s.secret("webscaler-tls", next.Issue([]string{"webscaler-manual"})))
		if _, err := s.in("sh", "-c", "cat >/tmp/next.pem <<'E'\n"+next.PEM()+"\nE"); err != nil {
			t.Fatal(err)
		}
		s.until("it is shown", func(context.Context) error {
			if got := s.curl("--cacert", "/tmp/next.pem", "https://webscaler-manual/anything"); !strings.Contains(got, "status 200") {
				return fmt.Errorf("got %s", got)
			}
			return nil
		})
	})
}

// ask asks a gRPC server about its health.
func (s *site) ask(addr string) string {
	out, err := s.in("grpchealth", "-ask", addr)
	if err != nil {
		return err.Error()
	}
	return out
}

// psql asks a server who it is, and whether it was reached by TLS.
func (s *site) psql(where string) string {
	out, err := s.in("env", "PGCONNECT_TIMEOUT=10", "psql", "-XAt", where+" user=postgres dbname=postgres", "-c",
		"SELECT current_setting('cluster_name'), ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
	if err != nil {
		return err.Error()
	}
	return out
}

// distrusted: whoever is not who he should be is sent nothing, and response, Event
// and metric say why.
func distrusted(t *testing.T, s *site) {
	now := time.Now()
	good := s.files(s.ca.Issue([]string{"good.example.com"}))
	s.website("web", "10.0.1.25",
		server("good.example.com", good),
		server("late.example.com", s.files(s.ca.Issue([]string{"late.example.com"}, authority.Lasts(now.Add(-48*time.Hour), now.Add(-24*time.Hour))))),
		server("misnamed.example.com", s.files(s.ca.Issue([]string{"another.example.com"}))))
	s.website("old", "10.0.1.26", server("old.example.com", s.files(s.ca.Issue([]string{"old.example.com"}))+" ssl_protocols TLSv1.2;"))
	s.names("good.example.com. 2 A 10.0.1.25", "late.example.com. 2 A 10.0.1.25", "misnamed.example.com. 2 A 10.0.1.25", "old.example.com. 2 A 10.0.1.26")
	s.apply(authorities("outside-ca", s.ca) + authorities("other-ca", authority.New(t, "Other CA")))
	for _, c := range []struct {
		name, host, ca, more string
		reason, says         string
	}{
		{"foreign", "good.example.com", "other-ca", "", "CertificateInvalid", "not trusted"},
		{"late", "late.example.com", "outside-ca", "", "CertificateInvalid", "expired on"},
		{"misnamed", "misnamed.example.com", "outside-ca", "", "CertificateInvalid", "for another.example.com, not for misnamed.example.com"},
		{"old", "old.example.com", "outside-ca", ", minVersion: \"1.3\"", "TLSHandshakeFailed", "protocol version not supported"},
		{"without", "good.example.com", "no-ca", "", "CertificateMissing", "there is no ConfigMap"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := *s
			s.t = t
			s.apply(securedWeb(c.name, c.host, fmt.Sprintf("caCertificateRefs: [{kind: ConfigMap, name: %s}]%s", c.ca, c.more)))
			s.until("the gateway answers", func(context.Context) error {
				if got := s.curl("http://" + c.name); !strings.Contains(got, "status 502") || !strings.Contains(got, c.says) {
					return fmt.Errorf("got %s, want status 502 and %q", got, c.says)
				}
				return nil
			})
			s.until("an Event tells", func(ctx context.Context) error {
				out, err := s.Kubectl(ctx, "get", "events", "-n", s.demo, "--field-selector", "involvedObject.name="+c.name+",reason="+c.reason, "-o", "jsonpath={.items[*].message}")
				if err == nil && !strings.Contains(out, c.says) {
					err = fmt.Errorf("got %q, want %q", out, c.says)
				}
				return err
			})
			s.until("a metric counts", func(ctx context.Context) error {
				want := fmt.Sprintf(`fairlead_relay_connect_failures_total{name="%s",namespace="%s",reason="%s"}`, c.name, s.demo, c.reason)
				if got := s.metrics(ctx); !strings.Contains(got, want) {
					return fmt.Errorf("no %s in %s", want, got)
				}
				return nil
			})
		})
	}
	if got := s.kubectl("get", "xsvc/without", "-n", s.demo, "-o", `jsonpath={range .status.conditions[?(@.type=="ResolvedRefs")]}{.status} {.reason} {.observedGeneration}{end}`); got != "False InvalidCACertificateRef 1" {
		t.Errorf("ResolvedRefs is %q", got)
	}
	s.apply(authorities("no-ca", s.ca))
	s.until("what was missing is found", func(context.Context) error {
		if got := s.curl("http://without/"); !strings.Contains(got, "status 200") {
			return fmt.Errorf("got %s", got)
		}
		return nil
	})
	s.kubectl("wait", "--for=condition=ResolvedRefs", "xsvc/without", "-n", s.demo, "--timeout=60s")
}

// metrics are those of all the gateway's Pods.
func (s *site) metrics(ctx context.Context) string {
	ips, err := s.Kubectl(ctx, "get", "pods", "-n", system, "-l", "app.kubernetes.io/component=gateway", "-o", "jsonpath={.items[*].status.podIP}")
	all := fmt.Sprint(err)
	for ip := range strings.FieldsSeq(ips) {
		all += s.curl("http://" + ip + ":8053/metrics")
	}
	return all
}
