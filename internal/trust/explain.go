package trust

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// Failure is why a handshake ended without trust.
type Failure struct {
	// Reason is one of the probes' words in package model.
	Reason string
	// Says goes on where the name of the other end stops. It is the same from one
	// time to the next.
	Says string
}

func (f *Failure) Error() string { return f.Says }

func fail(reason, format string, args ...any) *Failure {
	return &Failure{Reason: reason, Says: fmt.Sprintf(format, args...)}
}

// Fields are the names of what a person may write to mend a failure.
type Fields struct {
	// Name is that of the field with the name which a certificate must have, CA that
	// of the field with the authorities.
	Name, CA string
}

// Explain makes a failure of the error of a handshake with the server of that name,
// at that time. It returns nil if the error is one of the connection and not of TLS.
func Explain(err error, name string, now time.Time, fields Fields) *Failure {
	var known *Failure
	var record tls.RecordHeaderError
	var unverified *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &unverified):
		return Distrust(unverified.Err, now, fields)
	case errors.As(err, &record):
		return fail(model.ProbeProtocol, "does not speak TLS: what it sends in the handshake is something else")
	case errors.As(err, &op) && op.Op == "remote error":
		return fail(model.ProbeHandshake, "refuses the TLS handshake for the name %s: %s", name, Clean(op.Err.Error()))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &op):
		return nil
	}
	return fail(model.ProbeHandshake, "fails in the TLS handshake: %s", Clean(err.Error()))
}

// Distrust says why a certificate does not verify. Go's own words for it have the
// time of day in them.
func Distrust(err error, now time.Time, fields Fields) *Failure {
	var known *Failure
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if now.Before(invalid.Cert.NotBefore) {
			return fail(model.ProbeCertificate, "has a certificate that is valid from %s only: is a clock wrong?", Date(invalid.Cert.NotBefore))
		}
		return fail(model.ProbeCertificate, "has a certificate that expired on %s: renew %s", Date(invalid.Cert.NotAfter), Subject(invalid.Cert))
	case errors.As(err, &name):
		return fail(model.ProbeCertificate, "has a certificate for %s, not for %s: name one of its names in %s, or get a certificate for this one",
			Names(name.Certificate), name.Host, fields.Name)
	case errors.As(err, &authority) && authority.Cert != nil && authority.Cert.Issuer.String() == authority.Cert.Subject.String():
		return fail(model.ProbeCertificate, "has a certificate that leads to %s, which is not trusted here: give that in %s", Subject(authority.Cert), fields.CA)
	case errors.As(err, &authority) && authority.Cert != nil:
		return fail(model.ProbeCertificate, "has a certificate by %s, which is not trusted here: give the authority's in %s; or the server does not send an intermediate one",
			Clean(authority.Cert.Issuer.String()), fields.CA)
	}
	return fail(model.ProbeCertificate, "has a certificate that does not verify: %s", Clean(err.Error()))
}

// Date is a time as people are told it.
func Date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Subject is how a certificate is told from others.
func Subject(c *x509.Certificate) string {
	if s := c.Subject.String(); s != "" {
		return Clean(s)
	}
	return "that for " + Names(c)
}

// maxNames is how many names of a certificate are told.
const maxNames = 5

// Names are those that a certificate is for.
func Names(c *x509.Certificate) string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	for _, u := range c.URIs {
		all = append(all, u.String())
	}
	switch {
	case len(all) == 0:
		return "no name at all (a common name does not count)"
	case len(all) > maxNames:
		all = append(all[:maxNames], fmt.Sprintf("%d others", len(all)-maxNames))
	}
	return Clean(strings.Join(all, ", "))
}
