package file

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
)

const web = `apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: web, namespace: shop}
spec:
  ports: [{port: 443}]
  targets: [{name: a, addresses: [10.0.1.25]}]
  gateway:
    listeners: [{port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: web-tls}]}}]
    backendTLS: {caCertificateRefs: [{name: outside-ca}]}
`

func tlsSecret(t *testing.T, ca *authority.Authority, name string) string {
	cert, key := authority.Encode(t, ca.Issue([]string{"web"}))
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: shop}\ntype: kubernetes.io/tls\nstringData:\n  tls.crt: |\n%s  tls.key: |\n%s",
		name, indent(string(cert)), indent(string(key)))
}

func caConfigMap(name, pem string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: shop}\ndata:\n  ca.crt: |\n%s", name, indent(pem))
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}

// TestCertificates follows what a gateway names through its edits.
func TestCertificates(t *testing.T) {
	f, ca := newFolder(t), authority.New(t, "Outside CA")
	f.write("web.yaml", web)
	l := f.loader("web.yaml", "materials.yaml")
	f.write("materials.yaml", "")
	const (
		noPair = "there is no Secret shop/web-tls with a certificate in the manifests"
		noCA   = "there is no ConfigMap shop/outside-ca with ca.crt in the manifests"
	)
	expect := func(what string, d Desired, lack string, problems ...string) {
		t.Helper()
		if len(d.Services) != 1 || !d.Services[0].Named {
			t.Fatalf("%s: services are %v", what, d.Services)
		}
		switch got := d.Services[0].Lack; {
		case lack == "" && got != nil:
			t.Errorf("%s: lacks %v", what, got)
		case lack != "" && (got == nil || !strings.Contains(got.Message, lack)):
			t.Errorf("%s: lacks %v, want %q", what, got, lack)
		}
		said := f.problems(d.Problems)
		for _, p := range problems {
			if !strings.Contains(said, p) {
				t.Errorf("%s: problems are\n%s\nwant %q in them", what, said, p)
			}
		}
		if len(problems) == 0 && said != "" {
			t.Errorf("%s: problems are\n%s", what, said)
		}
	}
	expect("nothing is there", f.load(l), noPair, "web.yaml:8: Warning", noPair, "web.yaml:9: Warning", noCA)
	if _, err := l.Certificate("shop", "web-tls"); err == nil || !strings.Contains(err.Error(), noPair) {
		t.Errorf("the certificate: %v", err)
	}

	f.write("materials.yaml", docs(tlsSecret(t, ca, "web-tls"), caConfigMap("outside-ca", ca.PEM())))
	expect("all is there, in a file of its own", f.load(l), "")
	pair, err := l.Certificate("shop", "web-tls")
	if err != nil {
		t.Fatal(err)
	}
	roots, err := l.Authorities("shop", model.Reference{Kind: "ConfigMap", Name: "outside-ca"})
	if err != nil || len(roots) != 1 {
		t.Fatalf("the authorities: %v, %v", roots, err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(roots[0])
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err == nil {
		_, err = leaf.Verify(x509.VerifyOptions{DNSName: "web", Roots: pool})
	}
	if err != nil {
		t.Error(err)
	}

	f.write("materials.yaml", docs(tlsSecret(t, ca, "web-tls"), caConfigMap("outside-ca", ca.PEM()), caConfigMap("outside-ca", ca.PEM())))
	expect("one is there twice", f.load(l), "", "DefinedTwice: shop/outside-ca is already defined by ConfigMap in DIR/materials.yaml")

	f.write("materials.yaml", docs(tlsSecret(t, ca, "web-tls"), caConfigMap("outside-ca", "no PEM")))
	expect("the authorities are none", f.load(l), "ca.crt", "web.yaml:9: Warning", "ca.crt")

	f.write("materials.yaml", docs(tlsSecret(t, authority.New(t, "Next CA"), "web-tls"), caConfigMap("outside-ca", ca.PEM())))
	expect("the certificate is another", f.load(l), "")
	if next, err := l.Certificate("shop", "web-tls"); err != nil || string(next.Certificate[0]) == string(pair.Certificate[0]) {
		t.Errorf("the certificate is the old one, %v", err)
	}
}
