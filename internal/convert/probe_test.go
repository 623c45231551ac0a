package convert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/yaml"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// probed is what becomes of a probe.
func probed(t *testing.T, probe string) *model.Probe {
	t.Helper()
	e := named("db.example.com")
	e.Spec.Ports = []v1alpha1.Port{{Port: 443}}
	e.Spec.Probe = new(v1alpha1.Probe)
	if err := yaml.UnmarshalStrict([]byte(probe), e.Spec.Probe); err != nil {
		t.Fatal(err)
	}
	out := Convert(Input{Objects: []Object{{Value: e}}})
	if len(out.Services) == 0 {
		t.Fatalf("it is refused: %+v", out.Problems)
	}
	return out.Services[0].Probe
}

// What a snapshot does not show reaches the prober all the same.
func TestProbeHidden(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	one := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	bundle := "ours, and the old one\n" + string(one) + string(one)
	text, err := json.Marshal(map[string]any{
		"scheme": "https", "caBundle": []byte(bundle),
		"headers": []map[string]string{{"name": "Authorization", "value": "Bearer 7f3a"}, {"name": "X-Empty"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := probed(t, `{"http": `+string(text)+`}`)
	if p.CABundle != bundle {
		t.Errorf("the bundle is %q, want %q", p.CABundle, bundle)
	}
	if d := cmp.Diff([]model.Header{{Name: "Authorization", Value: "Bearer 7f3a"}, {Name: "X-Empty"}}, p.Headers); d != "" {
		t.Errorf("headers (-want +got):\n%s", d)
	}
	shown, err := json.Marshal(p)
	if err != nil || strings.Contains(string(shown), "7f3a") || strings.Contains(string(shown), "BEGIN") {
		t.Errorf("it is shown to everybody: %s %v", shown, err)
	}
}

func TestServerNameOfHost(t *testing.T) {
	for host, want := range map[string]string{
		"":                     "",
		"api.example.com":      "api.example.com",
		"API.example.com.:443": "api.example.com",
		"10.0.1.25":            "10.0.1.25",
		"10.0.1.25:443":        "10.0.1.25",
		"[2001:db8::1]:443":    "2001:db8::1",
		"[2001:db8::1]":        "2001:db8::1",
	} {
		if p := probed(t, `http: {scheme: https, host: "`+host+`"}`); p.ServerName != want || p.Host != host {
			t.Errorf("host %q: the certificate is to have the name %q, want %q; the header is %q", host, p.ServerName, want, p.Host)
		}
	}
}
