package relay

import (
	"crypto/tls"
	"errors"
)

// terminate says how the clients' TLS is ended. protocols are those of ALPN.
func (r *Relay) terminate(rt *route, protocols []string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: protocols, Time: r.cfg.Now,
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return r.present(rt, h) },
	}
}

// present chooses the certificate that is shown: the first that the client takes for
// the name that it asks for, otherwise the first.
func (r *Relay) present(rt *route, h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	var first *tls.Certificate
	var problems []error
	for _, name := range rt.listener.Certificates {
		c, err := r.certificate(rt.key.Namespace, name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if h.SupportsCertificate(c) == nil {
			return c, nil
		}
		if first == nil {
			first = c
		}
	}
	if first == nil {
		return nil, errors.Join(problems...)
	}
	return first, nil
}
