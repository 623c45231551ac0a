package probe

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// distrust says why a certificate does not verify. Go's own words for it have the
// time of day in them.
func (a *attempt) distrust(err error) error {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if a.now().Before(invalid.Cert.NotBefore) {
			return fail(model.ProbeCertificate, "has a certificate that is valid from %s only: is a clock wrong?", date(invalid.Cert.NotBefore))
		}
		return fail(model.ProbeCertificate, "has a certificate that expired on %s: renew %s", date(invalid.Cert.NotAfter), subject(invalid.Cert))
	case errors.As(err, &name):
		return fail(model.ProbeCertificate, "has a certificate for %s, not for %s: name one of its names in serverName, or get a certificate for this one",
			names(name.Certificate), name.Host)
	case errors.As(err, &authority) && authority.Cert != nil && authority.Cert.Issuer.String() == authority.Cert.Subject.String():
		return fail(model.ProbeCertificate, "has a certificate that leads to %s, which is not trusted here: give that in caBundle", subject(authority.Cert))
	case errors.As(err, &authority) && authority.Cert != nil:
		return fail(model.ProbeCertificate, "has a certificate by %s, which is not trusted here: give the authority's in caBundle; or the server does not send an intermediate one",
			clean(authority.Cert.Issuer.String()))
	}
	return fail(model.ProbeCertificate, "has a certificate that does not verify: %s", clean(err.Error()))
}

// warnOfExpiry notes that a chain expires soon. Of several chains the one that
// lasts longest counts, and in each the certificate that ends first; its root is
// the verifier's own.
func (a *attempt) warnOfExpiry(chains [][]*x509.Certificate) {
	within := a.ExpiryWarning
	if within == 0 {
		within = DefaultExpiryWarning
	}
	var last *x509.Certificate
	for _, chain := range chains {
		first := chain[0]
		for _, c := range chain[:max(1, len(chain)-1)] {
			if c.NotAfter.Before(first.NotAfter) {
				first = c
			}
		}
		if last == nil || first.NotAfter.After(last.NotAfter) {
			last = first
		}
	}
	if last != nil && within > 0 && last.NotAfter.Before(a.now().Add(within)) {
		a.warn("the certificate of %s expires on %s: renew %s", a.check.Addr, date(last.NotAfter), subject(last))
	}
}

func (a *attempt) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	switch {
	case a.warning == "":
		a.warning = text
	case !strings.Contains(a.warning, text): // each redirect shows its certificate anew
		a.warning += "; " + text
	}
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// subject is how a certificate is told from others.
func subject(c *x509.Certificate) string {
	if s := c.Subject.String(); s != "" {
		return clean(s)
	}
	return "that for " + names(c)
}

// maxNames is how many names of a certificate are told.
const maxNames = 5

// names are those that a certificate is for.
func names(c *x509.Certificate) string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	switch {
	case len(all) == 0:
		return "no name at all (a common name does not count)"
	case len(all) > maxNames:
		all = append(all[:maxNames], fmt.Sprintf("%d others", len(all)-maxNames))
	}
	return clean(strings.Join(all, ", "))
}
