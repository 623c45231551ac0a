package convert

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// probeHTTP fills in what an HTTP probe sends and expects.
func (r *report) probeHTTP(path *field.Path, in *v1alpha1.HTTPProbe, out *model.Probe) {
	scheme := cmp.Or(in.Scheme, "http")
	r.oneOf(path.Child("scheme"), scheme, "http", "https")
	out.TLS = scheme == "https"
	out.Host, out.Path, out.FollowRedirects = in.Host, cmp.Or(in.Path, "/"), in.FollowRedirects
	r.fits(path.Child("host"), in.Host, hostAndPort, "is not a host",
		"write a name and, where needed, a port, such as api.example.com, without scheme and path")
	r.fits(path.Child("path"), in.Path, requestPath, "is not a path",
		"write it with a slash first and percent-encoded where needed, such as /healthz")
	for i, h := range in.Headers {
		r.header(path.Child("headers").Index(i), h)
		out.Headers = append(out.Headers, model.Header{Name: h.Name, Value: h.Value})
	}
	for i, s := range in.Statuses {
		if s < 100 || s > 599 {
			r.error("OutOfRange", path.Child("statuses").Index(i), fmt.Sprintf("%d is no HTTP status", s), "write a number from 100 to 599")
		}
		out.Statuses = append(out.Statuses, int(s))
	}
	if !out.TLS {
		if in.ServerName != "" || len(in.CABundle) > 0 {
			r.error("SchemeMissing", path, "serverName and caBundle are for https, and the scheme is http", "write scheme: https, or leave them out")
		}
		return
	}
	r.probeTLS(path, cmp.Or(in.ServerName, hostname(in.Host)), in.CABundle, out)
}

// The expressions are those of the CustomResourceDefinition.
const (
	hostAndPort = `^([-a-zA-Z0-9._]+|[[][0-9a-fA-F:.]+[]])(:[0-9]{1,5})?$`
	requestPath = `^/[!-"$-~]*$`
	headerName  = `^[-!#$%&*+.^_|~0-9A-Za-z]+$`
	headerValue = "^[\t -~]*$"
)

// fits checks a text that may be left out.
func (r *report) fits(path *field.Path, text, pattern, why, hint string) {
	if text != "" && !regexp.MustCompile(pattern).MatchString(text) {
		r.error("InvalidValue", path, fmt.Sprintf("%q %s", text, why), hint)
	}
}

func (r *report) header(path *field.Path, h v1alpha1.HTTPHeader) {
	name := path.Child("name")
	switch {
	case h.Name == "":
		r.error("NameMissing", name, "a header needs a name", "write a name such as Accept")
	case strings.EqualFold(h.Name, "host"):
		r.error("HostMisplaced", name, "the Host header has a field of its own", "write host: "+cmp.Or(h.Value, "api.example.com")+" beside headers")
	}
	r.fits(name, h.Name, headerName, "is not the name of a header", "write a name such as Accept")
	if !regexp.MustCompile(headerValue).MatchString(h.Value) { // it is not shown: it may be a secret
		r.error("InvalidValue", path.Child("value"), "the value of header "+h.Name+" is not one line of ASCII", "write one line of ASCII")
	}
}

// hostname is a Host header without the port. Its name is one in lower case.
func hostname(host string) string {
	if a, err := netip.ParseAddrPort(host); err == nil {
		return a.Addr().String()
	}
	if inside, ok := strings.CutPrefix(host, "["); ok {
		return strings.TrimSuffix(inside, "]")
	}
	host, _, _ = strings.Cut(host, ":")
	return strings.ToLower(trimDot(host))
}

// optionalTLS has TLS spoken where it is written.
func (r *report) optionalTLS(path *field.Path, in *v1alpha1.TLSProbe, out *model.Probe) {
	if in == nil {
		return
	}
	out.TLS = true
	r.probeTLS(path, in.ServerName, in.CABundle, out)
}

// probeTLS fills in how certificates are verified.
func (r *report) probeTLS(path *field.Path, name string, bundle []byte, out *model.Probe) {
	out.ServerName, out.CABundle = name, string(bundle)
	if _, err := netip.ParseAddr(name); err != nil && name != "" {
		if why, hint := badHostname(name); why != "" {
			r.error("InvalidHostname", path.Child("serverName"), fmt.Sprintf("%q %s", name, why), hint)
		}
	}
	if len(bundle) > 0 && !hasCertificate(bundle) {
		r.error("InvalidCertificate", path.Child("caBundle"), "there is no certificate in it",
			"write the certificates of the authority as PEM, in base64 as the caBundle of a webhook: base64 -w0 ca.crt")
	}
}

// hasCertificate reports whether PEM holds certificates, and nothing but whole ones.
func hasCertificate(text []byte) bool {
	found := false
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return found
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return false
		}
		found = true
	}
}
