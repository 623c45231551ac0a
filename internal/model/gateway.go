package model

import "time"

// ListenerProtocol is what the clients of a port speak to the relay, in the words of
// the Gateway API's listeners.
type ListenerProtocol string

// The protocols of listeners.
const (
	// ListenTCP carries bytes as they are.
	ListenTCP ListenerProtocol = "TCP"
	// ListenUDP carries datagrams.
	ListenUDP ListenerProtocol = "UDP"
	// ListenTLS carries what is inside TLS, which the relay ends with a certificate
	// of its own; or, as Passthrough, TLS itself.
	ListenTLS ListenerProtocol = "TLS"
	// ListenHTTP carries requests, of HTTP/1.1 and of HTTP/2 with prior knowledge.
	ListenHTTP ListenerProtocol = "HTTP"
	// ListenHTTPS is HTTP inside TLS.
	ListenHTTPS ListenerProtocol = "HTTPS"
	// ListenPostgres is TCP whose clients and servers may ask for TLS first, as
	// PostgreSQL's SSLRequest does.
	ListenPostgres ListenerProtocol = "Postgres"
)

// Gateway says that the relay speaks for the service, and how. Package convert fills
// the defaults in.
type Gateway struct {
	// Listeners are those of the service's ports, in their order.
	Listeners []Listener `json:"listeners"`
	// BackendTLS is how targets are spoken to by TLS. Nil leaves what listeners carry
	// unencrypted.
	BackendTLS *BackendTLS `json:"backendTLS,omitempty"`
	HTTP       HTTP        `json:"http,omitzero"`
	// LeastConnections gives a client to the endpoint with the fewest connections for
	// its weight; otherwise endpoints take turns.
	LeastConnections bool `json:"leastConnections,omitempty"`
	// CloseOnDown ends the connections to an endpoint at once when it takes no traffic
	// any more; otherwise they end by themselves, or after DrainTimeout.
	CloseOnDown  bool          `json:"closeOnDown,omitempty"`
	DrainTimeout time.Duration `json:"drainTimeout,omitempty"`
	// ConnectTimeout bounds the connect to an endpoint, and the handshake after it.
	ConnectTimeout time.Duration `json:"connectTimeout,omitempty"`
	// IdleTimeout ends a connection over which nothing moves.
	IdleTimeout time.Duration `json:"idleTimeout,omitempty"`
	// MaxConnections is how many clients may be connected at once; 0 is no bound.
	MaxConnections int `json:"maxConnections,omitempty"`
	// ProxyProtocol is the version of the header that tells targets who the client
	// is, 1 or 2; 0 is none.
	ProxyProtocol int `json:"proxyProtocol,omitempty"`
}

// Listener says what the clients of one port speak.
type Listener struct {
	Protocol ListenerProtocol `json:"protocol"`
	// Passthrough carries TLS as it is: SNI chooses the target, where it names one.
	Passthrough bool `json:"passthrough,omitempty"`
	// Certificates are the names of Secrets of type kubernetes.io/tls, in the service's
	// namespace. The Secrets themselves are never part of the nouns.
	Certificates []string `json:"certificates,omitempty"`
}

// BackendTLS is how targets are spoken to by TLS.
type BackendTLS struct {
	// Hostname is the name for SNI and for the certificate; empty is each target's
	// own.
	Hostname string `json:"hostname,omitempty"`
	// SubjectAltNames are names of which the certificate must have one, instead of
	// Hostname; DNS names or URIs.
	SubjectAltNames []string `json:"subjectAltNames,omitempty"`
	// Authorities are objects with certificates that are trusted; none means the
	// machine's own.
	Authorities []Reference `json:"authorities,omitempty"`
	// ClientCertificate is the name of a Secret of type kubernetes.io/tls; empty for
	// none.
	ClientCertificate string `json:"clientCertificate,omitempty"`
	// MinVersion is the lowest version of TLS, as crypto/tls counts them.
	MinVersion uint16 `json:"minVersion,omitempty"`
	// ALPN are the protocols that are offered; none means those of the listener.
	ALPN []string `json:"alpn,omitempty"`
	// Pins are SHA-256 digests of public keys in base64; a certificate of the chain
	// must have one.
	Pins []string `json:"pins,omitempty"`
	// Insecure trusts anybody.
	Insecure bool `json:"insecureSkipVerify,omitempty"`
}

// Reference names a ConfigMap or Secret in the service's namespace.
type Reference struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// HostHeader says which Host header targets are sent.
type HostHeader string

// The Host headers.
const (
	// HostOfTarget is the target's own hostname.
	HostOfTarget HostHeader = "Target"
	// HostOfClient is what the client wrote.
	HostOfClient HostHeader = "Preserve"
	// HostReplaced is one that a person wrote.
	HostReplaced HostHeader = "Replace"
)

// HTTP is what is done to requests.
type HTTP struct {
	Host     HostHeader `json:"host,omitempty"`
	Hostname string     `json:"hostname,omitempty"`
	// Forwarded tells targets who asked, and for what: X-Forwarded-For, -Host and
	// -Proto.
	Forwarded bool `json:"forwarded,omitempty"`
	// RewriteRedirects has redirects to the target's own name lead to the service.
	RewriteRedirects bool `json:"rewriteRedirects,omitempty"`
	// RetryIdempotent tries a request that is idempotent (RFC 9110, 9.2.2) and has no
	// body at the next endpoint, too, when one breaks before it has answered. A
	// request that no endpoint has seen is tried anyway.
	RetryIdempotent bool `json:"retryIdempotent,omitempty"`
	// ResponseTimeout is how long an endpoint may take to begin its answer; 0 is no
	// bound.
	ResponseTimeout time.Duration `json:"responseTimeout,omitempty"`
	// MaxHeaderBytes and MaxBodyBytes bound a request; 0 is no bound of the body.
	MaxHeaderBytes int   `json:"maxHeaderBytes,omitempty"`
	MaxBodyBytes   int64 `json:"maxBodyBytes,omitempty"`
}

// Listener returns what clients of the i-th port speak, and whether the relay speaks
// for the service at all.
func (s *Service) Listener(i int) (Listener, bool) {
	if s.Gateway == nil || i >= len(s.Gateway.Listeners) {
		return Listener{}, false
	}
	return s.Gateway.Listeners[i], true
}

// CertificateMissing is why a target is not asked, beside the reasons of probes: the spec
// names a certificate that is not to be had.
const CertificateMissing = "CertificateMissing"
