package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Probe says how endpoints are watched, in the kubelet's vocabulary. At most one
// of tcp, tls, http, grpc, postgres, mysql and redis is set; none means tcp.
//
// +kubebuilder:validation:XValidation:rule="[has(self.tcp), has(self.tls), has(self.http), has(self.grpc), has(self.postgres), has(self.mysql), has(self.redis)].filter(set, set).size() < 2",message="a probe has at most one of tcp, tls, http, grpc, postgres, mysql and redis: write one"
type Probe struct {
	// Interval between the beginnings of two probes of an endpoint. Defaults to
	// 5s. At least 100ms.
	// +optional
	// +kubebuilder:default="5s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 5s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') || duration(self) >= duration('100ms')",message="too short for the endpoints probed: write 100ms or more"
	Interval *metav1.Duration `json:"interval,omitempty"`
	// Timeout of one probe; it may be longer than the interval. Defaults to 1s. At
	// most 30s.
	// +optional
	// +kubebuilder:default="1s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 1s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') || duration(self) > duration('0s')",message="not a positive duration: write a duration such as 1s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') || duration(self) <= duration('30s')",message="too long for one probe, which others wait for: write 30s or less"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// FailureThreshold is how many failures in a row take an endpoint down.
	// Defaults to 3.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	FailureThreshold int32 `json:"failureThreshold,omitempty"`
	// SuccessThreshold is how many successes in a row bring it back. Defaults to 2.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	SuccessThreshold int32 `json:"successThreshold,omitempty"`
	// Port is where endpoints are probed. Defaults to where they serve the first
	// TCP port of the service: its targetPort, or the port of an SRV record.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// TCP succeeds when a connection is accepted.
	// +optional
	TCP *TCPProbe `json:"tcp,omitempty"`
	// TLS succeeds when a handshake verifies: name, chain and validity.
	// +optional
	TLS *TLSProbe `json:"tls,omitempty"`
	// HTTP succeeds when the response has an expected status.
	// +optional
	HTTP *HTTPProbe `json:"http,omitempty"`
	// GRPC succeeds when the health protocol says SERVING.
	// +optional
	GRPC *GRPCProbe `json:"grpc,omitempty"`
	// Postgres succeeds when a PostgreSQL server accepts connections, as
	// pg_isready has it, and has the wanted role.
	// +optional
	Postgres *PostgresProbe `json:"postgres,omitempty"`
	// MySQL succeeds when a MySQL or MariaDB server accepts connections, and has
	// the wanted role.
	// +optional
	MySQL *MySQLProbe `json:"mysql,omitempty"`
	// Redis succeeds when a Redis or Valkey server answers, and has the wanted
	// role.
	// +optional
	Redis *RedisProbe `json:"redis,omitempty"`
}

// TCPProbe succeeds when a connection is accepted.
type TCPProbe struct{}

// TLSProbe says how a certificate is verified.
type TLSProbe struct {
	// ServerName is the name that the certificate must have. Defaults to the
	// target's hostname, or the address where it has none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || isIP(self) || self.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')",message="not a name that a certificate has: write it in lower case, without scheme, port or wildcard, such as db.example.com"
	ServerName string `json:"serverName,omitempty"`
	// CABundle are the authorities that are trusted, as PEM. Defaults to those of
	// the machine that probes.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	CABundle []byte `json:"caBundle,omitempty"`
}

// HTTPProbe succeeds when the response has an expected status.
//
// +kubebuilder:validation:XValidation:rule="!has(self.scheme) || self.scheme == 'https' || !(has(self.serverName) && self.serverName.size() > 0 || has(self.caBundle) && self.caBundle.size() > 0)",message="serverName and caBundle are for https: write scheme: https, or leave them out"
type HTTPProbe struct {
	// Scheme is http or https. Defaults to http.
	// +optional
	// +kubebuilder:default=http
	// +kubebuilder:validation:Enum=http;https
	Scheme string `json:"scheme,omitempty"`
	// Host is the request's Host header, a name with or without a port. Defaults
	// to the target's hostname, or the address where it has none.
	// +optional
	// +kubebuilder:validation:MaxLength=259
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.matches('^([-a-zA-Z0-9._]+|[[][0-9a-fA-F:.]+[]])(:[0-9]{1,5})?$')",message="not a host: write a name and, where needed, a port, such as api.example.com, without scheme and path"
	Host string `json:"host,omitempty"`
	// Path begins with a slash; a query may follow. Defaults to /.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.matches('^/[!-\"$-~]*$')",message="not a path: write it with a slash first and percent-encoded where needed, such as /healthz"
	Path string `json:"path,omitempty"`
	// Headers are sent with the request. They stand in the spec for everybody who
	// may read it: no place for a password.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Headers []HTTPHeader `json:"headers,omitempty"`
	// Statuses are the ones expected. Defaults to 200 to 399.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:Minimum=100
	// +kubebuilder:validation:items:Maximum=599
	Statuses []int32 `json:"statuses,omitempty"`
	// FollowRedirects asks where a redirect leads to, too; otherwise the redirect
	// itself is the answer. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	FollowRedirects bool `json:"followRedirects,omitempty"`
	// ServerName is the name that the certificate must have. Defaults to host,
	// without its port, and then as host does.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || isIP(self) || self.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')",message="not a name that a certificate has: write it in lower case, without scheme, port or wildcard, such as db.example.com"
	ServerName string `json:"serverName,omitempty"`
	// CABundle are the authorities that are trusted, as PEM. Defaults to those of
	// the machine that probes.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	CABundle []byte `json:"caBundle,omitempty"`
}

// HTTPHeader is one field of a request.
type HTTPHeader struct {
	// Name of the field, such as Accept.
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-!#$%&*+.^_|~0-9A-Za-z]+$')",message="not the name of a header: write a name such as Accept"
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii() != 'host'",message="the Host header has a field of its own: write host: api.example.com beside headers"
	Name string `json:"name"`
	// Value of the field, in one line.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule="self.matches('^[\\t -~]*$')",message="not the value of a header: write one line of ASCII"
	Value string `json:"value,omitempty"`
}

// GRPCProbe succeeds when the health protocol says SERVING.
type GRPCProbe struct {
	// Service is the name that is asked about. Empty means the whole server.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Service string `json:"service,omitempty"`
	// TLS is spoken if it is set, {} included; otherwise there is none.
	// +optional
	TLS *TLSProbe `json:"tls,omitempty"`
}
