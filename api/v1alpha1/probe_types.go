package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Probe says how targets are watched, in the kubelet's vocabulary. At most one
// of tcp, tls, http and grpc is set; none means tcp.
//
// +kubebuilder:validation:XValidation:rule="[has(self.tcp), has(self.tls), has(self.http), has(self.grpc)].filter(set, set).size() < 2",message="a probe has at most one of tcp, tls, http and grpc: write one"
type Probe struct {
	// Interval between two probes of an endpoint. Defaults to 5s.
	// +optional
	// +kubebuilder:default="5s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 5s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') || duration(self) > duration('0s')",message="not a positive duration: write a duration such as 5s"
	Interval *metav1.Duration `json:"interval,omitempty"`
	// Timeout of one probe. Defaults to 1s.
	// +optional
	// +kubebuilder:default="1s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') && duration(self) >= duration('0s')",message="not a duration: write a number and a unit, such as 1s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$') || duration(self) > duration('0s')",message="not a positive duration: write a duration such as 1s"
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

	// TCP succeeds when a connection is accepted.
	// +optional
	TCP *TCPProbe `json:"tcp,omitempty"`
	// TLS succeeds when a handshake verifies.
	// +optional
	TLS *TLSProbe `json:"tls,omitempty"`
	// HTTP succeeds when the response has an expected status.
	// +optional
	HTTP *HTTPProbe `json:"http,omitempty"`
	// GRPC succeeds when the health protocol says SERVING.
	// +optional
	GRPC *GRPCProbe `json:"grpc,omitempty"`
}

// TCPProbe succeeds when a connection is accepted.
type TCPProbe struct{}

// TLSProbe succeeds when a handshake verifies.
type TLSProbe struct {
	// ServerName is the name that the certificate must have. Defaults to the
	// target's hostname.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ServerName string `json:"serverName,omitempty"`
}

// HTTPProbe succeeds when the response has an expected status.
type HTTPProbe struct {
	// Scheme is http or https. Defaults to http.
	// +optional
	// +kubebuilder:default=http
	// +kubebuilder:validation:Enum=http;https
	Scheme string `json:"scheme,omitempty"`
	// Host is the request's Host header. Defaults to the target's hostname.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Host string `json:"host,omitempty"`
	// Path defaults to /.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Path string `json:"path,omitempty"`
	// Statuses are the ones expected. Defaults to 200 to 399.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Statuses []int32 `json:"statuses,omitempty"`
}

// GRPCProbe succeeds when the health protocol says SERVING.
type GRPCProbe struct {
	// Service is the name that is asked about. Empty means the whole server.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Service string `json:"service,omitempty"`
}
