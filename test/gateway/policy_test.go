//go:build linux

package gateway

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead.dev/test/authority"
)

// policy holds spec.gateway.backendTLS against what the Gateway API's conformance tests
// ask of a BackendTLSPolicy (conformance/tests/backendtlspolicy*.go): SNI and hostname,
// alternative names, authorities that are missing or malformed, kinds, and conditions
// that keep up with the spec. Conflicts between policies cannot be, since there is one.
func policy(t *testing.T, s *site) {
	const host = "abc.example.com"
	spiffe := func(c *x509.Certificate) {
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "abc.example.com", Path: "/test-identity"}}
	}
	const mutual = "mutual.example.com"
	clients := authority.New(t, "Clients CA")
	clientsFile := filepath.Join(t.TempDir(), "clients.pem")
	if err := os.WriteFile(clientsFile, []byte(clients.PEM()), 0o644); err != nil {
		t.Fatal(err)
	}
	asClient := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	s.website("web", "10.0.1.25", server(host, s.files(s.ca.Issue([]string{host}, spiffe))))
	s.website("mutual", "10.0.1.26", server(mutual, s.files(s.ca.Issue([]string{mutual}))+" ssl_verify_client on; ssl_client_certificate "+clientsFile+";"))
	s.names(host+". 2 A 10.0.1.25", mutual+". 2 A 10.0.1.26")
	s.apply(authorities("good", s.ca) + authorities("foreign", authority.New(t, "Other CA")) + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: malformed, namespace: DEMO}
data: {ca.crt: "not PEM"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: without-key, namespace: DEMO}
data: {other: "x"}
` + strings.NewReplacer("kind: ConfigMap", "kind: Secret", "\ndata:", "\nstringData:").Replace(authorities("in-a-secret", s.ca)) +
		s.secret("our-client", clients.Issue([]string{"gateway"}, asClient)))
	const trusted, resolved = "caCertificateRefs: [{name: good}]", "True ResolvedRefs"
	cases := []struct {
		name, tls string
		// status is the answer's, refs is what the condition ResolvedRefs says.
		status int
		refs   string
	}{
		{"sni", "hostname: abc.example.com, " + trusted, 200, resolved},
		{"default-sni", trusted, 200, resolved},
		{"hostname-mismatch", "hostname: wrong.example.com, " + trusted, 502, resolved},
		{"foreign-authority", "caCertificateRefs: [{name: foreign}]", 502, resolved},
		{"two-authorities", "caCertificateRefs: [{name: foreign}, {name: good}]", 200, resolved},
		{"authority-in-a-secret", "caCertificateRefs: [{kind: Secret, name: in-a-secret}]", 200, resolved},
		{"san-dns", "subjectAltNames: [abc.example.com], " + trusted, 200, resolved},
		{"san-dns-mismatch", "subjectAltNames: [other.example.com], " + trusted, 502, resolved},
		{"san-uri", `subjectAltNames: ["spiffe://abc.example.com/test-identity"], ` + trusted, 200, resolved},
		{"san-uri-mismatch", `subjectAltNames: ["spiffe://def.example.com/test-identity"], ` + trusted, 502, resolved},
		{"multiple-sans", `subjectAltNames: [other.example.com, "spiffe://abc.example.com/test-identity"], ` + trusted, 200, resolved},
		{"multiple-mismatch-sans", `subjectAltNames: [other.example.com, "spiffe://def.example.com/test-identity"], ` + trusted, 502, resolved},
		{"nonexistent-ca-certificate-ref", "caCertificateRefs: [{name: nowhere}]", 502, "False InvalidCACertificateRef"},
		{"malformed-ca-certificate-ref", "caCertificateRefs: [{name: malformed}]", 502, "False InvalidCACertificateRef"},
		{"keyless-ca-certificate-ref", "caCertificateRefs: [{name: without-key}]", 502, "False InvalidCACertificateRef"},
		{"one-of-two-is-missing", "caCertificateRefs: [{name: good}, {name: nowhere}]", 502, "False InvalidCACertificateRef"},
		{"client-certificate-missing", "clientCertificateRef: {name: nowhere}, " + trusted, 502, "False InvalidClientCertificateRef"},
		{"unverified", "insecureSkipVerify: true", 200, ""},
	}
	var all strings.Builder
	for _, c := range cases {
		all.WriteString("---" + securedWeb(c.name, host, c.tls))
	}
	s.apply(all.String())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := *s
			s.t = t
			s.until("the gateway answers", func(context.Context) error {
				if got := s.curl("http://" + c.name); !strings.HasSuffix(got, fmt.Sprint("status ", c.status)) || c.status == 200 && !strings.Contains(got, "saw Host "+host+" SNI "+host) {
					return fmt.Errorf("got %s, want status %d", got, c.status)
				}
				return nil
			})
			s.until("the condition says so", func(context.Context) error {
				if got := s.condition(c.name, "ResolvedRefs"); strings.TrimSpace(got) != strings.TrimSpace(c.refs+" 1") && c.refs+got != "" {
					return fmt.Errorf("ResolvedRefs is %q, want %q of generation 1", got, c.refs)
				}
				return nil
			})
		})
	}
	t.Run("client certificate", func(t *testing.T) {
		s.apply(securedWeb("mutual", mutual, "clientCertificateRef: {name: our-client}, "+trusted) + "---" + securedWeb("anonymous", mutual, trusted))
		for name, want := range map[string]string{"mutual": "status 200", "anonymous": "No required SSL certificate was sent"} {
			s.until("the gateway answers", func(context.Context) error {
				if got := s.curl("http://" + name); !strings.Contains(got, want) {
					return fmt.Errorf("got %s, want %s", got, want)
				}
				return nil
			})
		}
	})
	t.Run("observed generation", func(t *testing.T) {
		s.apply(securedWeb("san-dns", host, "subjectAltNames: [other.example.com], "+trusted))
		for _, condition := range []string{"Accepted", "ResolvedRefs", "Verified", "Ready"} {
			s.until(condition+" is of the new spec", func(context.Context) error {
				if got := s.condition("san-dns", condition); !strings.HasSuffix(got, " 2") {
					return fmt.Errorf("it is %q", got)
				}
				return nil
			})
		}
		s.until("the new spec is in force", func(context.Context) error {
			if got := s.curl("http://san-dns"); !strings.HasSuffix(got, "status 502") {
				return fmt.Errorf("got %s", got)
			}
			return nil
		})
	})
	t.Run("invalid kind", func(t *testing.T) {
		err := s.Apply(t.Context(), []byte(strings.ReplaceAll(securedWeb("kind", host, "caCertificateRefs: [{kind: Certificate, name: x}]"), "DEMO", s.demo)))
		if err == nil || !strings.Contains(err.Error(), "caCertificateRefs[0].kind") {
			t.Errorf("got %v, want a refusal of the kind", err)
		}
	})
	t.Run("insecureSkipVerify is loud", func(t *testing.T) {
		if got := s.condition("unverified", "Verified"); got != "False InsecureSkipVerify 1" {
			t.Errorf("Verified is %q", got)
		}
	})
}

// securedWeb is a service of one HTTP target that is spoken to by TLS.
func securedWeb(name, host, tls string) string {
	return fmt.Sprintf(`
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: %s, namespace: DEMO}
spec:
  ports: [{port: 80, targetPort: 443}]
  targets: [{name: web, hostname: %s}]
  gateway:
    listeners: [{port: 80, protocol: HTTP}]
    backendTLS: {%s}
`, name, host, tls)
}

// condition is the status, the reason and the generation of a condition; nothing if it is
// not there.
func (s *site) condition(name, kind string) string {
	return s.kubectl("get", "xsvc/"+name, "-n", s.demo, "-o", fmt.Sprintf(`jsonpath={range .status.conditions[?(@.type==%q)]}{.status} {.reason} {.observedGeneration}{end}`, kind))
}
