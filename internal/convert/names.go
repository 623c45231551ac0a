package convert

import (
	"fmt"
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// label reports a name that is not a DNS label by the rule given.
func (r *report) label(path *field.Path, name string, rule func(string) []string) bool {
	if plainLabel(name) {
		return true
	}
	why := rule(name)
	if len(why) == 0 {
		return true
	}
	hint := "write lower-case letters, digits and hyphens, at most 63, beginning with a letter"
	if fixed := asLabel(name); fixed != "" {
		hint = "write " + fixed
	}
	r.error("InvalidName", path, fmt.Sprintf("%q is not a valid DNS label: %s", name, short(why[0])), hint)
	return false
}

// plainLabel reports whether the name is a label by every rule there is
// (RFC 1035 and RFC 1123). It spares ten thousand names a regular expression.
func plainLabel(s string) bool {
	if s == "" || len(s) > validation.DNS1035LabelMaxLength || s[0] < 'a' || s[0] > 'z' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if b := s[i]; (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' {
			return false
		}
	}
	return true
}

// asLabel makes the nearest label of a name, or returns "".
func asLabel(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c == '_' || c == '.' || c == ' ' || c == '/':
			return '-'
		default:
			return c
		}
	}, strings.ToLower(s))
	s = strings.Trim(s, "-")
	if !plainLabel(s) {
		return ""
	}
	return s
}

// short cuts the examples and regular expressions off an apimachinery message.
func short(why string) string {
	why, _, _ = strings.Cut(why, " (e.g.")
	why, _, _ = strings.Cut(why, ", regex")
	return why
}

// trimDot removes the trailing dot of a fully qualified name.
func trimDot(name string) string { return strings.TrimSuffix(name, ".") }

// looksLikeIP reports whether a person meant an IP address: one that parses,
// or nothing but digits and dots, which no DNS name is.
func looksLikeIP(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return s != "" && strings.Trim(s, "0123456789.") == ""
}

// badHostname says why a string is no hostname, and what to write instead.
// Both are empty if it is one. IP addresses are the caller's business.
func badHostname(s string) (why, hint string) {
	if s == "" {
		return "is empty", "write a DNS name such as db.example.com"
	}
	if i := strings.Index(s, "://"); i >= 0 {
		host, _, _ := strings.Cut(s[i+3:], "/")
		host, _, _ = strings.Cut(host, ":")
		return "is a URL, not a hostname", "write " + host
	}
	if host, port, ok := strings.Cut(s, ":"); ok {
		return "has a port, and a name cannot", fmt.Sprintf("write %s, and the port in ports: [{port: %s}]", host, port)
	}
	if strings.HasPrefix(s, "*.") {
		return "is a wildcard, which no DNS server resolves as such", "write one name"
	}
	if lower := strings.ToLower(s); lower != s && len(validation.IsDNS1123Subdomain(lower)) == 0 {
		return "has upper-case letters, which Kubernetes refuses", "write " + lower
	}
	if bad := validation.IsDNS1123Subdomain(s); len(bad) > 0 {
		return "is not a DNS name: " + short(bad[0]), "write a DNS name such as db.example.com"
	}
	for l := range strings.SplitSeq(s, ".") {
		if len(l) > validation.DNS1123LabelMaxLength {
			return "is not a DNS name: " + validation.MaxLenError(validation.DNS1123LabelMaxLength) + " between two dots", "write a DNS name such as db.example.com"
		}
	}
	return "", ""
}

// inDomain reports whether name is the domain or below it.
func inDomain(name, domain string) bool {
	name, domain = strings.ToLower(name), strings.ToLower(domain)
	return domain != "" && (name == domain || strings.HasSuffix(name, "."+domain))
}
