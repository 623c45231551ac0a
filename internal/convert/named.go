package convert

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// Materials are where the objects are that gateways name.
type Materials interface {
	Certificate(namespace, name string) (*tls.Certificate, error)
	Authorities(namespace string, ref model.Reference) ([]*x509.Certificate, error)
}

// Lack is something that a gateway names and that is not to be had.
type Lack struct {
	// Field is where it is named.
	Field string
	// Reason is that of the condition ResolvedRefs.
	Reason string
	Err    error
}

// Lacks asks for all that a service's gateway names, and returns what is not to be had,
// in the order of the spec's fields. Named is whether it names anything.
func Lacks(s *model.Service, from Materials) (all []Lack, named bool) {
	g := s.Gateway
	if g == nil {
		return nil, false
	}
	check := func(field, reason string, err error) {
		named = true
		if err != nil {
			all = append(all, Lack{field, reason, err})
		}
	}
	for i, l := range g.Listeners {
		for _, name := range l.Certificates {
			_, err := from.Certificate(s.Key.Namespace, name)
			check(fmt.Sprintf("spec.gateway.listeners[%d].tls.certificateRefs", i), v1alpha1.ReasonInvalidCertificateRef, err)
		}
	}
	b := g.BackendTLS
	if b == nil {
		return all, named
	}
	for i, ref := range b.Authorities {
		_, err := from.Authorities(s.Key.Namespace, ref)
		check(fmt.Sprintf("spec.gateway.backendTLS.caCertificateRefs[%d].name", i), v1alpha1.ReasonInvalidCACertificateRef, err)
	}
	if b.ClientCertificate != "" {
		_, err := from.Certificate(s.Key.Namespace, b.ClientCertificate)
		check("spec.gateway.backendTLS.clientCertificateRef.name", v1alpha1.ReasonInvalidClientCertificateRef, err)
	}
	return all, named
}

// Unresolved is the first of them as the reason why not all that is named is there; nil
// for none.
func Unresolved(all []Lack) *model.Refusal {
	if len(all) == 0 {
		return nil
	}
	message := all[0].Err.Error()
	if len(all) > 1 {
		message += fmt.Sprintf("; and %d more", len(all)-1)
	}
	return &model.Refusal{Reason: all[0].Reason, Message: message}
}

// IsLack reports whether an error is about what an object holds, or that there is none.
func IsLack(err error) bool { return errors.As(err, new(*LackError)) }
