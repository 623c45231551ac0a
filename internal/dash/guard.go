package dash

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"fairlead.dev/internal/wire"
)

// guard sets the headers that keep other sites out, and refuses requests for
// hosts that are not ours: a name of an attacker's that resolves to us (DNS
// rebinding) would otherwise let his pages read ours.
func guard(hosts []string, info func() wire.Info, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
			"img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "+
			"frame-ancestors 'none'; require-trusted-types-for 'script'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if !allowed(hosts, r.Host) {
			http.Error(w, refusal(r.Host, info().HTTPAddress), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allowed reports whether a Host header names us: by address, as localhost, or
// by one of hosts.
func allowed(hosts []string, header string) bool {
	host := hostOf(header)
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	for _, h := range hosts {
		if h != "" && strings.EqualFold(host, strings.TrimSuffix(h, ".")) {
			return true
		}
	}
	return false
}

// hostOf is the host of a Host header, without port, brackets and trailing dot.
func hostOf(header string) string {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(header, "["), "]")
	}
	return strings.TrimSuffix(host, ".")
}

func refusal(header, address string) string {
	s := fmt.Sprintf("fairlead answers to IP addresses, localhost and the host of --http-listen, not to %q: "+
		"the page lists internal names, and other sites must not read them.\n", hostOf(header))
	if address != "" {
		s += "Open http://" + address + "/ instead.\n"
	}
	return s
}
