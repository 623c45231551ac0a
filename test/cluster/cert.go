//go:build linux

package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"time"
)

// certificates are PEM texts: what kube-apiserver needs, and no more.
type certificates struct {
	ca, cert, key, saKey, saPub string
}

// newCertificates makes an authority, a serving certificate for the names and
// addresses of the API server, and the key that signs service account tokens.
func newCertificates(zone string, ips ...netip.Addr) (certificates, error) {
	ca, caKey, err := newCertificate(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "fairlead-test-ca"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}, nil, nil)
	if err != nil {
		return certificates{}, err
	}
	serving := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + zone},
	}
	for _, ip := range ips {
		serving.IPAddresses = append(serving.IPAddresses, net.IP(ip.AsSlice()))
	}
	cert, key, err := newCertificate(serving, ca, caKey)
	if err != nil {
		return certificates{}, err
	}
	return encode(ca, cert, key)
}

// encode adds a fresh service account key; it belongs to no certificate.
func encode(ca, cert *x509.Certificate, key *ecdsa.PrivateKey) (certificates, error) {
	saKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificates{}, fmt.Errorf("make the service account key: %w", err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return certificates{}, fmt.Errorf("encode the serving key: %w", err)
	}
	saDER, err := x509.MarshalECPrivateKey(saKey)
	if err != nil {
		return certificates{}, fmt.Errorf("encode the service account key: %w", err)
	}
	pubDER, err := x509.MarshalPKIXPublicKey(saKey.Public())
	if err != nil {
		return certificates{}, fmt.Errorf("encode the service account key: %w", err)
	}
	return certificates{
		ca:    pemText("CERTIFICATE", ca.Raw),
		cert:  pemText("CERTIFICATE", cert.Raw),
		key:   pemText("EC PRIVATE KEY", keyDER),
		saKey: pemText("EC PRIVATE KEY", saDER),
		saPub: pemText("PUBLIC KEY", pubDER),
	}, nil
}

// newCertificate signs template with the parent's key, or with its own if
// there is no parent.
func newCertificate(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, fmt.Errorf("make a serial number: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(24 * time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sign %s: %w", template.Subject.CommonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("read back %s: %w", template.Subject.CommonName, err)
	}
	return cert, key, nil
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
