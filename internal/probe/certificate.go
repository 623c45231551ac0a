package probe

import (
	"crypto/x509"
	"fmt"
	"strings"

	"fairlead.dev/internal/trust"
)

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
		a.warn("the certificate of %s expires on %s: renew %s", a.check.Addr, trust.Date(last.NotAfter), trust.Subject(last))
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
