package convert

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// backendTLS fills in the defaults and checks the bounds. Nil stays nil.
func (r *report) backendTLS(path *field.Path, b *v1alpha1.BackendTLS) *model.BackendTLS {
	if b == nil {
		return nil
	}
	out := &model.BackendTLS{
		Hostname: trimDot(b.Hostname), SubjectAltNames: b.SubjectAltNames, ALPN: b.ALPNProtocols, Pins: b.Pins,
		Insecure: b.InsecureSkipVerify, MinVersion: tls.VersionTLS12,
	}
	if _, err := netip.ParseAddr(out.Hostname); err != nil && out.Hostname != "" {
		if why, hint := badHostname(out.Hostname); why != "" {
			r.error("InvalidHostname", path.Child("hostname"), fmt.Sprintf("%q %s", b.Hostname, why), hint)
		}
	}
	r.oneOf(path.Child("minVersion"), b.MinVersion, "1.2", "1.3")
	if b.MinVersion == "1.3" {
		out.MinVersion = tls.VersionTLS13
	}
	for i, ref := range b.CACertificateRefs {
		out.Authorities = append(out.Authorities, r.authority(path.Child("caCertificateRefs").Index(i), ref))
	}
	if b.ClientCertificateRef != nil {
		out.ClientCertificate = b.ClientCertificateRef.Name
		r.secretName(path.Child("clientCertificateRef", "name"), out.ClientCertificate)
	}
	for i, p := range b.Pins {
		r.fits(path.Child("pins").Index(i), p, keyPin, "is not a pin", "write the SHA-256 of a public key in base64, 44 characters")
	}
	for i, name := range b.SubjectAltNames {
		if name == "" {
			r.error("NameMissing", path.Child("subjectAltNames").Index(i), "an alternative name is empty", "write a DNS name or a URI")
		}
	}
	if b.InsecureSkipVerify && len(b.CACertificateRefs)+len(b.SubjectAltNames) > 0 {
		r.error("InsecureTLS", path.Child("insecureSkipVerify"), "insecureSkipVerify trusts anybody, and leaves caCertificateRefs and subjectAltNames without a meaning",
			"write these alone, or insecureSkipVerify: true alone")
	}
	return out
}

// The expressions are those of the CustomResourceDefinition.
const (
	keyPin     = `^[A-Za-z0-9+/]{43}=$`
	objectName = `^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
)

func (r *report) authority(path *field.Path, ref v1alpha1.CertificateReference) model.Reference {
	out := model.Reference{Kind: ref.Kind, Name: ref.Name}
	r.oneOf(path.Child("kind"), ref.Kind, kindConfigMap, kindSecret)
	if out.Kind == "" {
		out.Kind = kindConfigMap
	}
	r.secretName(path.Child("name"), ref.Name)
	return out
}

func (r *report) secretName(path *field.Path, name string) {
	if !regexp.MustCompile(objectName).MatchString(name) {
		r.error("InvalidName", path, fmt.Sprintf("%q is not the name of an object", name), "write lower-case letters, digits, hyphens and dots")
	}
}
