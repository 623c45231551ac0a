// Package authority issues certificates to the servers that tests start: real
// chains, with the mistakes that a test asks for. It starts no servers, and nothing
// of it is part of the product.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority issues certificates for tests.
type Authority struct {
	t     testing.TB
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	above []byte // the chain to the root, without that
}

// New makes a root.
func New(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t)}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-10 * 365 * 24 * time.Hour), NotAfter: now.Add(10 * 365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	a.cert = a.sign(template, template, a.key, a.key)
	return a
}

// PEM is what a caBundle has.
func (a *Authority) PEM() string { return string(encode(a.cert.Raw)) }

// Edit changes a certificate before it is signed.
type Edit func(*x509.Certificate)

func Lasts(from, to time.Time) Edit {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}

// Below makes an authority by this one.
func (a *Authority) Below(name string, edits ...Edit) *Authority {
	b := &Authority{t: a.t, key: newKey(a.t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	for _, e := range edits {
		e(template)
	}
	b.cert = a.sign(template, a.cert, b.key, a.key)
	b.above = append(encode(b.cert.Raw), a.above...)
	return b
}

// Issue makes a certificate for names and addresses.
func (a *Authority) Issue(names []string, edits ...Edit) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "the server's"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	for _, e := range edits {
		e(template)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	chain := append(encode(a.sign(template, a.cert, key, a.key).Raw), a.above...)
	pair, err := tls.X509KeyPair(chain, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	if err != nil {
		a.t.Fatal(err)
	}
	return pair
}

func (a *Authority) sign(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		a.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// Encode returns a certificate with its chain, and its key, as PEM.
func Encode(t testing.TB, pair tls.Certificate) (chain, key []byte) {
	t.Helper()
	for _, der := range pair.Certificate {
		chain = append(chain, encode(der)...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return chain, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// WritePair writes a certificate and its key as real servers read them.
func WritePair(t testing.TB, dir string, pair tls.Certificate) (cert, key string) {
	t.Helper()
	chain, private := Encode(t, pair)
	cert, key = filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	for path, text := range map[string][]byte{cert: chain, key: private} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// Certificate is the authority's own.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }
