package relay

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// Materials are the keys and certificates that specs name. They are asked at every
// handshake, so that a rotated Secret counts at once; the errors are for a person.
// They must be quick, and may be called from many goroutines at once.
type Materials interface {
	// Certificate returns the key pair of a Secret of type kubernetes.io/tls.
	Certificate(namespace, name string) (*tls.Certificate, error)
	// Authorities returns the certificates that the object's ca.crt has.
	Authorities(namespace string, ref model.Reference) ([]*x509.Certificate, error)
}

// errNoMaterials is why a relay without [Config.Materials] has no certificates.
var errNoMaterials = errors.New("there is no place to take certificates from")

// alpn is what an endpoint is offered (RFC 7301) where the spec says nothing of it; or, if
// only, in any case.
type alpn struct {
	protocols []string
	only      bool
}

// originate says how TLS is spoken to an endpoint. Its error is about what the spec
// names: nothing is sent then.
func (r *Relay) originate(rt *route, end *endpoint, offer alpn) (*tls.Config, error) {
	b := rt.service.Gateway.BackendTLS
	want := trust.Want{Name: serverName(b, end), Alternatives: b.SubjectAltNames, Pins: b.Pins, Insecure: b.Insecure}
	namespace := rt.key.Namespace
	if len(b.Authorities) > 0 {
		var err error
		if want.Roots, err = r.authorities(namespace, b.Authorities, &end.trusted); err != nil {
			return nil, err
		}
	}
	cfg := &tls.Config{
		ServerName: want.Name, MinVersion: b.MinVersion, NextProtos: offer.protocols, Time: r.cfg.Now,
		// Verified below, where a session that is resumed is, too.
		InsecureSkipVerify: true,
		VerifyConnection:   func(s tls.ConnectionState) error { return want.Verify(s, r.cfg.Now()) },
	}
	if b.ClientCertificate == "" { // a session that is resumed shows the certificate of before
		cfg.ClientSessionCache = end.sessions.get()
	}
	if len(b.ALPN) > 0 && !offer.only {
		cfg.NextProtos = b.ALPN
	}
	if b.ClientCertificate != "" {
		own, err := r.certificate(namespace, b.ClientCertificate)
		if err != nil {
			return nil, err
		}
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil }
	}
	return cfg, nil
}

// serverName is the name that the endpoint's certificate must have, and the one for
// SNI.
func serverName(b *model.BackendTLS, end *endpoint) string {
	switch {
	case b.Hostname != "":
		return b.Hostname
	case end.host != "":
		return end.host
	}
	return end.addr.Addr().Unmap().WithZone("").String()
}

func (r *Relay) authorities(namespace string, refs []model.Reference, last *trusted) (*x509.CertPool, error) {
	if r.cfg.Materials == nil {
		return nil, errNoMaterials
	}
	var all []*x509.Certificate
	for _, ref := range refs {
		certs, err := r.cfg.Materials.Authorities(namespace, ref)
		if err != nil {
			return nil, missing(err)
		}
		all = append(all, certs...)
	}
	return last.pool(all), nil
}

func (r *Relay) certificate(namespace, name string) (*tls.Certificate, error) {
	if r.cfg.Materials == nil {
		return nil, errNoMaterials
	}
	c, err := r.cfg.Materials.Certificate(namespace, name)
	if err != nil {
		return nil, missing(err)
	}
	return c, nil
}

func missing(err error) error {
	return &trust.Failure{Reason: model.CertificateMissing, Says: fmt.Sprintf("was not asked: %v", err)}
}

// sessions are the TLS sessions of one endpoint. The zero value is ready to use.
type sessions struct {
	once  sync.Once
	cache tls.ClientSessionCache
}

// maxSessions is how many are kept; one is enough, and a few make up for tickets that
// serve once.
const maxSessions = 16

func (s *sessions) get() tls.ClientSessionCache {
	s.once.Do(func() { s.cache = tls.NewLRUClientSessionCache(maxSessions) })
	return s.cache
}

// trusted are the authorities by which one endpoint was verified last, so that a bundle of
// many is not gone through at every handshake. The zero value is ready to use.
type trusted struct {
	mu   sync.Mutex
	all  []*x509.Certificate
	made *x509.CertPool
}

// pool is that of all, which are others once somebody has saved others.
func (t *trusted) pool(all []*x509.Certificate) *x509.CertPool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made != nil && slices.Equal(t.all, all) {
		return t.made
	}
	t.all, t.made = all, x509.NewCertPool()
	for _, c := range all {
		t.made.AddCert(c)
	}
	return t.made
}
