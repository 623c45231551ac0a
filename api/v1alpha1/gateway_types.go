package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Gateway sends the service's traffic through Fairlead's relay, for what a name alone
// cannot do: TLS and Host headers that match the target, load balancing, connections
// that end when a target does. Clients change nothing.
//
// +kubebuilder:validation:XValidation:rule="!has(self.proxyProtocol) || !has(self.listeners) || self.listeners.all(l, l.protocol != 'HTTP' && l.protocol != 'HTTPS' && l.protocol != 'UDP')",message="the PROXY protocol names the client of a TCP connection, and requests of several clients share one, and datagrams have none: write http: {forwarded: Append} instead, or leave it out",fieldPath=".proxyProtocol"
// +kubebuilder:validation:XValidation:rule="!has(self.backendTLS) || !has(self.listeners) || self.listeners.all(l, !has(l.tls) || l.tls.mode != 'Passthrough')",message="a listener passes the clients' TLS through, and backendTLS would wrap it in another one: write mode: Terminate with a certificate, or leave backendTLS out",fieldPath=".backendTLS"
type Gateway struct {
	// Listeners say what clients speak, port by port. Of a port that has
	// none they speak what its appProtocol says: HTTP for http, grpc, kubernetes.io/h2c
	// and kubernetes.io/ws, Postgres for postgres and postgresql. Otherwise what they
	// send goes on as it is.
	// +optional
	// +listType=map
	// +listMapKey=port
	// +kubebuilder:validation:MaxItems=64
	Listeners []GatewayListener `json:"listeners,omitempty"`
	// BackendTLS is how targets are spoken to by TLS, {} included. Without it what
	// clients send goes out unencrypted, unless they encrypt it themselves.
	// +optional
	BackendTLS *BackendTLS `json:"backendTLS,omitempty"`
	// HTTP says what is done to requests of listeners of HTTP and HTTPS.
	// +optional
	HTTP *GatewayHTTP `json:"http,omitempty"`
	// LoadBalancing is RoundRobin, or LeastConnections so that a client goes to the
	// endpoint with the fewest connections for its weight. Defaults to RoundRobin.
	// +optional
	// +kubebuilder:default=RoundRobin
	// +kubebuilder:validation:Enum=RoundRobin;LeastConnections
	LoadBalancing string `json:"loadBalancing,omitempty"`
	// OnTargetDown is Drain, so that connections to an endpoint that takes no traffic
	// any more may run on for drainTimeout, or Close, so that they end at once.
	// Defaults to Drain.
	// +optional
	// +kubebuilder:default=Drain
	// +kubebuilder:validation:Enum=Drain;Close
	OnTargetDown string `json:"onTargetDown,omitempty"`
	// DrainTimeout is how long they may run on. Defaults to 5m.
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 5m"
	DrainTimeout *metav1.Duration `json:"drainTimeout,omitempty"`
	// ConnectTimeout bounds the connect to an endpoint, and the TLS handshake after it.
	// Defaults to 3s.
	// +optional
	// +kubebuilder:default="3s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) > duration('0s')",message="not a positive duration: write a number and a unit, such as 3s"
	ConnectTimeout *metav1.Duration `json:"connectTimeout,omitempty"`
	// IdleTimeout ends a connection over which nothing has moved for so long. Defaults
	// to 1h.
	// +optional
	// +kubebuilder:default="1h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) > duration('0s')",message="not a positive duration: write a number and a unit, such as 1h"
	IdleTimeout *metav1.Duration `json:"idleTimeout,omitempty"`
	// MaxConnections is how many clients may be connected at once, in each process
	// that relays; more are refused. Defaults to 0, which is no bound.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MaxConnections int32 `json:"maxConnections,omitempty"`
	// ProxyProtocol is V1 or V2: targets are told by a PROXY header who the client is.
	// They have to expect it. Absent, there is none.
	// +optional
	// +kubebuilder:validation:Enum=V1;V2
	ProxyProtocol string `json:"proxyProtocol,omitempty"`
}

// GatewayListener says what the clients of one port speak.
//
// +kubebuilder:validation:XValidation:rule="self.protocol == 'TLS' || self.protocol == 'HTTPS' || self.protocol == 'Postgres' || !has(self.tls)",message="tls is for listeners of protocol TLS, HTTPS and Postgres: write one of these, or leave tls out",fieldPath=".tls"
// +kubebuilder:validation:XValidation:rule="self.protocol != 'HTTPS' || has(self.tls) && self.tls.mode == 'Terminate'",message="a listener of protocol HTTPS needs a certificate: write tls: {certificateRefs: [{name: web-tls}]}; for TLS as it is write protocol: TLS and tls: {mode: Passthrough}",fieldPath=".tls",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.protocol != 'TLS' || has(self.tls)",message="a listener of protocol TLS needs a certificate, or no end: write tls: {certificateRefs: [{name: db-tls}]}, or tls: {mode: Passthrough}",fieldPath=".tls",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.protocol != 'Postgres' || !has(self.tls) || self.tls.mode == 'Terminate'",message="PostgreSQL begins TLS inside a connection, which a listener of protocol Postgres ends: for TLS as it is write protocol: TCP",fieldPath=".tls"
type GatewayListener struct {
	// Port is the number of one of the service's ports.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
	// Protocol is what clients speak: TCP, UDP, TLS, HTTP, HTTPS, as in the Gateway
	// API, or Postgres, so that TLS is begun as PostgreSQL does it.
	// +kubebuilder:validation:Enum=TCP;UDP;TLS;HTTP;HTTPS;Postgres
	Protocol string `json:"protocol"`
	// TLS is how the clients' TLS is ended. TLS and HTTPS need it. Postgres without it
	// tells clients that there is none where backendTLS has TLS begun for them;
	// otherwise clients and targets agree on TLS as ever.
	// +optional
	TLS *ListenerTLS `json:"tls,omitempty"`
}

// ListenerTLS is how the clients' TLS is ended.
//
// +kubebuilder:validation:XValidation:rule="self.mode == 'Terminate' ? has(self.certificateRefs) && size(self.certificateRefs) > 0 : !has(self.certificateRefs)",message="mode Terminate needs certificateRefs, and Passthrough has none: write certificateRefs: [{name: web-tls}], or mode: Passthrough alone"
type ListenerTLS struct {
	// Mode is Terminate, or Passthrough, so that TLS goes on as it is, to the target
	// that the client names by SNI where it names one. Defaults to Terminate.
	// +optional
	// +kubebuilder:default=Terminate
	// +kubebuilder:validation:Enum=Terminate;Passthrough
	Mode string `json:"mode,omitempty"`
	// CertificateRefs name Secrets of type kubernetes.io/tls in the service's
	// namespace. The one that fits the client's SNI is shown, otherwise the first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	CertificateRefs []TLSSecretReference `json:"certificateRefs,omitempty"`
}

// BackendTLS is how targets are spoken to by TLS, in the words of BackendTLSPolicy.
//
// +kubebuilder:validation:XValidation:rule="!self.?insecureSkipVerify.orValue(false) || !has(self.caCertificateRefs) && !has(self.subjectAltNames)",message="insecureSkipVerify trusts anybody, and leaves caCertificateRefs and subjectAltNames without a meaning: write these alone, or insecureSkipVerify: true alone",fieldPath=".insecureSkipVerify"
type BackendTLS struct {
	// Hostname is the name for SNI, and the one that the certificate must have.
	// Defaults to each target's own; targets without a hostname are verified by their
	// address.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || isIP(self) || self.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')",message="not a name that a certificate has: write it in lower case, without scheme, port or wildcard, such as db.example.com"
	Hostname string `json:"hostname,omitempty"`
	// SubjectAltNames are names of which the certificate must have one, instead of
	// hostname: DNS names, or URIs such as spiffe://example.com/db.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	SubjectAltNames []string `json:"subjectAltNames,omitempty"`
	// CACertificateRefs name ConfigMaps or Secrets in the service's namespace whose
	// ca.crt has the authorities that are trusted, as PEM. Defaults to those of the
	// machine.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	CACertificateRefs []CertificateReference `json:"caCertificateRefs,omitempty"`
	// ClientCertificateRef names a Secret of type kubernetes.io/tls in the service's
	// namespace, for targets that ask for a certificate.
	// +optional
	ClientCertificateRef *TLSSecretReference `json:"clientCertificateRef,omitempty"`
	// MinVersion is the lowest version of TLS: 1.2 or 1.3. Defaults to 1.2.
	// +optional
	// +kubebuilder:default="1.2"
	// +kubebuilder:validation:Enum="1.2";"1.3"
	MinVersion string `json:"minVersion,omitempty"`
	// ALPNProtocols are offered to targets (RFC 7301). Defaults to h2 and http/1.1 for
	// listeners of HTTP and HTTPS, and none for others.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	ALPNProtocols []string `json:"alpnProtocols,omitempty"`
	// Pins are SHA-256 digests of public keys in base64 (RFC 7469). If there are any,
	// a certificate of the target's chain must have one.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[A-Za-z0-9+/]{43}=$')",message="not a pin: write the SHA-256 of a public key in base64, 44 characters"
	Pins []string `json:"pins,omitempty"`
	// InsecureSkipVerify trusts whoever answers: anybody on the way can read and
	// change what is sent. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
}

// TLSSecretReference names a Secret in the namespace of the ExternalService.
type TLSSecretReference struct {
	// Name of the Secret. It is of type kubernetes.io/tls, with tls.crt and tls.key, as
	// cert-manager writes them.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="not the name of a Secret: write lower-case letters, digits, hyphens and dots"
	Name string `json:"name"`
}

// CertificateReference names an object with certificates.
type CertificateReference struct {
	// Kind is ConfigMap or Secret. Defaults to ConfigMap.
	// +optional
	// +kubebuilder:default=ConfigMap
	// +kubebuilder:validation:Enum=ConfigMap;Secret
	Kind string `json:"kind,omitempty"`
	// Name of the object.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="not the name of an object: write lower-case letters, digits, hyphens and dots"
	Name string `json:"name"`
}

// GatewayHTTP says what is done to requests.
//
// +kubebuilder:validation:XValidation:rule="self.host == 'Replace' ? has(self.hostname) && self.hostname.size() > 0 : !has(self.hostname) || self.hostname.size() == 0",message="hostname is the Host header of host: Replace: write both, or neither",fieldPath=".hostname"
type GatewayHTTP struct {
	// Host is the Host header that targets are sent: Target for their own hostname,
	// Preserve for what the client wrote, or Replace for hostname. Defaults to Target.
	// +optional
	// +kubebuilder:default=Target
	// +kubebuilder:validation:Enum=Target;Preserve;Replace
	Host string `json:"host,omitempty"`
	// Hostname is the Host header of host: Replace, a name with or without a port.
	// +optional
	// +kubebuilder:validation:MaxLength=259
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.matches('^([-a-zA-Z0-9._]+|[[][0-9a-fA-F:.]+[]])(:[0-9]{1,5})?$')",message="not a host: write a name and, where needed, a port, such as api.example.com, without scheme and path"
	Hostname string `json:"hostname,omitempty"`
	// Forwarded is Append, so that targets are told by X-Forwarded-For, -Host and
	// -Proto who asked and for what, or Remove, so that they are told nothing of
	// that. Defaults to Append.
	// +optional
	// +kubebuilder:default=Append
	// +kubebuilder:validation:Enum=Append;Remove
	Forwarded string `json:"forwarded,omitempty"`
	// RewriteRedirects has redirects to the target's own name lead to the service
	// instead. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	RewriteRedirects bool `json:"rewriteRedirects,omitempty"`
	// RetryIdempotent tries GET, HEAD, OPTIONS, TRACE, PUT and DELETE without a body at
	// the next endpoint, too, when one breaks before it has answered. What no
	// endpoint has seen is tried again anyway. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	RetryIdempotent bool `json:"retryIdempotent,omitempty"`
	// ResponseTimeout is how long a target may take until it begins its answer; 0s is
	// no bound. Defaults to 0s.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 30s"
	ResponseTimeout *metav1.Duration `json:"responseTimeout,omitempty"`
	// MaxHeaderBytes bounds the header of a request. Defaults to 65536.
	// +optional
	// +kubebuilder:default=65536
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=1048576
	MaxHeaderBytes int32 `json:"maxHeaderBytes,omitempty"`
	// MaxBodyBytes bounds the body of a request. Defaults to 0, which is no bound.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MaxBodyBytes int64 `json:"maxBodyBytes,omitempty"`
}
