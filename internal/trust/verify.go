package trust

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// Want is what the certificate of a server must be.
type Want struct {
	// Name is the server's, a DNS name or an IP address.
	Name string
	// Alternatives are subject alternative names of which the certificate must have
	// one, DNS names or URIs; then it need not have Name. That is the rule of
	// BackendTLSPolicy (GEP-1897).
	Alternatives []string
	// Roots are the authorities that are trusted. Nil means those of the machine.
	Roots *x509.CertPool
	// Pins are SHA-256 digests of public keys (SubjectPublicKeyInfo), in base64 as in
	// RFC 7469, 2.4. If there are any, a certificate of the chain must have one.
	Pins []string
	// Insecure leaves out everything but the pins, which the server's own
	// certificate must have then.
	Insecure bool
}

// Verify checks what a server has shown in a handshake that ends now, one that was
// resumed as well. Its error is one for [Explain] and [Distrust].
func (w *Want) Verify(state tls.ConnectionState, now time.Time) error {
	certs := state.PeerCertificates
	if len(certs) == 0 {
		return fail(model.ProbeCertificate, "shows no certificate")
	}
	if w.Insecure {
		return w.pinned([][]*x509.Certificate{certs[:1]})
	}
	options := x509.VerifyOptions{Roots: w.Roots, Intermediates: x509.NewCertPool(), CurrentTime: now}
	if len(w.Alternatives) == 0 {
		options.DNSName = bracketed(w.Name)
	}
	for _, c := range certs[1:] {
		options.Intermediates.AddCert(c)
	}
	chains, err := certs[0].Verify(options)
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: certs, Err: err}
	}
	if err := w.alternative(certs[0]); err != nil {
		return err
	}
	return w.pinned(chains)
}

// alternative checks that the certificate has one of the names asked for.
func (w *Want) alternative(c *x509.Certificate) error {
	if len(w.Alternatives) == 0 {
		return nil
	}
	for _, name := range w.Alternatives {
		if strings.Contains(name, "://") {
			for _, u := range c.URIs {
				if u.String() == name {
					return nil
				}
			}
		} else if c.VerifyHostname(name) == nil {
			return nil
		}
	}
	return fail(model.ProbeCertificate, "has a certificate for %s, and none of the subjectAltNames asked for (%s): name one of its names, or get a certificate for one of these",
		Names(c), strings.Join(w.Alternatives, ", "))
}

// pinned checks that a key of the chains is one of the pins.
func (w *Want) pinned(chains [][]*x509.Certificate) error {
	if len(w.Pins) == 0 {
		return nil
	}
	for _, chain := range chains {
		if slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return slices.Contains(w.Pins, Pin(c)) }) {
			return nil
		}
	}
	return fail(model.ProbeCertificate, "has a certificate whose key is none of the pins: that of %s has the pin %s", Subject(chains[0][0]), Pin(chains[0][0]))
}

// Pin is the pin of a certificate's public key.
func Pin(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// bracketed has IPv6 addresses in the brackets that VerifyOptions wants.
func bracketed(name string) string {
	if strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

// Parse reads certificates of PEM into a pool.
func Parse(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("there is no certificate in it")
	}
	return pool, nil
}
