package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// tls succeeds when a handshake verifies: name, chain and validity.
func (a *attempt) tls(ctx context.Context) error {
	c, err := a.dialTLS(ctx)
	if err != nil {
		return err
	}
	return c.Close()
}

// open connects, by TLS if the probe says so. protocols are those of ALPN.
func (a *attempt) open(ctx context.Context, protocols ...string) (net.Conn, error) {
	if a.spec.TLS {
		return a.dialTLS(ctx, protocols...)
	}
	return a.dial(ctx)
}

// dialTLS connects, and verifies the certificate.
func (a *attempt) dialTLS(ctx context.Context, protocols ...string) (*tls.Conn, error) {
	roots := a.Roots
	if a.spec.CABundle != "" {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(a.spec.CABundle)) {
			return nil, unable(model.ProbeCertificate, "was not asked: caBundle has no certificate; write those of the authority, as PEM")
		}
	}
	raw, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	c, err := a.handshake(raw, &tls.Config{ServerName: a.serverName(), RootCAs: roots, NextProtos: protocols, Time: a.now})
	if err != nil {
		raw.Close()
		return nil, err
	}
	a.warnOfExpiry(c.ConnectionState().VerifiedChains)
	return c, nil
}

// encrypt speaks TLS on a connection without a look at the certificate, as
// clients of databases do by default: it keeps out those who only listen.
func (a *attempt) encrypt(raw net.Conn) (*tls.Conn, error) {
	return a.handshake(raw, &tls.Config{ServerName: a.serverName(), InsecureSkipVerify: true})
}

// handshake shakes hands on raw. An error is a failure, or the network's.
func (a *attempt) handshake(raw net.Conn, cfg *tls.Config) (*tls.Conn, error) {
	c := tls.Client(raw, cfg)
	err := c.Handshake() // it ends with raw
	if err == nil {
		return c, nil
	}
	if network(err) {
		return nil, err
	}
	if f := trust.Explain(err, cfg.ServerName, a.now(), trust.Fields{Name: "serverName", CA: "caBundle"}); f != nil {
		return nil, &failure{reason: f.Reason, says: f.Says}
	}
	return nil, err
}

// serverName is the name that the endpoint's certificate must have.
func (a *attempt) serverName() string {
	if a.spec.ServerName != "" {
		return a.spec.ServerName
	}
	if a.check.Name != "" {
		return strings.TrimSuffix(a.check.Name, ".")
	}
	return a.check.Addr.Addr().Unmap().WithZone("").String()
}
