package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Group, Version and Kind of an ExternalService.
const (
	Group   = "fairlead.dev"
	Version = "v1alpha1"
	Kind    = "ExternalService"
)

// ExternalService gives a service that lives outside the cluster a stable name
// and address inside it.
type ExternalService struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec ExternalServiceSpec `json:"spec"`
}

// ServiceType says how an ExternalService appears to its clients.
type ServiceType string

// The types of an ExternalService.
const (
	// ServiceTypeClusterIP has a virtual IP that spreads connections over the endpoints.
	ServiceTypeClusterIP ServiceType = "ClusterIP"
	// ServiceTypeHeadless answers with every ready address.
	ServiceTypeHeadless ServiceType = "Headless"
	// ServiceTypeExternalName is a CNAME to the active target's hostname.
	ServiceTypeExternalName ServiceType = "ExternalName"
)

// ExternalServiceSpec is what is wanted.
type ExternalServiceSpec struct {
	// Type defaults to ClusterIP.
	Type ServiceType `json:"type,omitempty"`
	// Ports are needed for type ClusterIP, optional for Headless, and mean
	// nothing to ExternalName.
	Ports []Port `json:"ports,omitempty"`
	// Targets are the places where the service lives; at least one.
	Targets []Target `json:"targets"`
	// SessionAffinity is None (the default) or ClientIP.
	SessionAffinity corev1.ServiceAffinity `json:"sessionAffinity,omitempty"`
	// Probe says how targets are watched.
	Probe *Probe `json:"probe,omitempty"`
	// Failover says when the service moves between tiers.
	Failover *Failover `json:"failover,omitempty"`
	// Resolution bounds how names are looked up.
	Resolution *Resolution `json:"resolution,omitempty"`
}

// Port is one port of the service.
type Port struct {
	// Name is a DNS label, needed where there is more than one port.
	Name string `json:"name,omitempty"`
	// Port is what clients connect to, 1 to 65535.
	Port int32 `json:"port"`
	// TargetPort is where the targets listen. Defaults to Port.
	TargetPort int32 `json:"targetPort,omitempty"`
	// Protocol is TCP (the default) or UDP.
	Protocol corev1.Protocol `json:"protocol,omitempty"`
	// AppProtocol is passed on to the Service.
	AppProtocol *string `json:"appProtocol,omitempty"`
}

// Target is one place where the service lives. Exactly one of Hostname,
// Addresses, SRV and Service is set.
type Target struct {
	// Name is a DNS label, unique in the service.
	Name string `json:"name"`
	// Priority is the target's tier: lower is preferred, equals share the load.
	// Defaults to 0.
	Priority int32 `json:"priority,omitempty"`
	// Hostname is a DNS name with at least two labels, kept resolved at its TTL.
	Hostname string `json:"hostname,omitempty"`
	// Addresses are IPv4 or IPv6 addresses.
	Addresses []string `json:"addresses,omitempty"`
	// SRV is an SRV owner name (RFC 2782): _postgres._tcp.example.com.
	SRV string `json:"srv,omitempty"`
	// Service is a Service in the cluster.
	Service *ServiceReference `json:"service,omitempty"`
}

// ServiceReference names a Service in the cluster.
type ServiceReference struct {
	Name string `json:"name"`
	// Namespace defaults to the ExternalService's own.
	Namespace string `json:"namespace,omitempty"`
}

// Probe says how targets are watched, in the kubelet's vocabulary. At most one
// of TCP, TLS, HTTP and GRPC is set; none means TCP.
type Probe struct {
	// Interval between two probes of an endpoint. Defaults to 5s.
	Interval *metav1.Duration `json:"interval,omitempty"`
	// Timeout of one probe. Defaults to 1s.
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// FailureThreshold is how many failures in a row take an endpoint down.
	// Defaults to 3.
	FailureThreshold int32 `json:"failureThreshold,omitempty"`
	// SuccessThreshold is how many successes in a row bring it back. Defaults to 2.
	SuccessThreshold int32 `json:"successThreshold,omitempty"`

	TCP  *TCPProbe  `json:"tcp,omitempty"`
	TLS  *TLSProbe  `json:"tls,omitempty"`
	HTTP *HTTPProbe `json:"http,omitempty"`
	GRPC *GRPCProbe `json:"grpc,omitempty"`
}

// TCPProbe succeeds when a connection is accepted.
type TCPProbe struct{}

// TLSProbe succeeds when a handshake verifies.
type TLSProbe struct {
	ServerName string `json:"serverName,omitempty"`
}

// HTTPProbe succeeds when the response has an expected status.
type HTTPProbe struct {
	// Scheme is http (the default) or https.
	Scheme   string  `json:"scheme,omitempty"`
	Host     string  `json:"host,omitempty"`
	Path     string  `json:"path,omitempty"`
	Statuses []int32 `json:"statuses,omitempty"`
}

// GRPCProbe succeeds when the health protocol says SERVING.
type GRPCProbe struct {
	Service string `json:"service,omitempty"`
}

// Failover says when the service moves between tiers.
type Failover struct {
	// Failback is Automatic (the default) or Manual.
	Failback string `json:"failback,omitempty"`
	// FailbackDelay is how long the better tier must stay healthy first.
	// Defaults to 1m.
	FailbackDelay *metav1.Duration `json:"failbackDelay,omitempty"`
	// WhenAllDown is KeepLast (the default) or Withdraw.
	WhenAllDown string `json:"whenAllDown,omitempty"`
}

// Resolution bounds how names are looked up.
type Resolution struct {
	// MinInterval is the floor under a record's TTL. Defaults to 1s.
	MinInterval *metav1.Duration `json:"minInterval,omitempty"`
	// MaxInterval is the ceiling over a record's TTL. Defaults to 5m.
	MaxInterval *metav1.Duration `json:"maxInterval,omitempty"`
	// MissingGrace is how long NXDOMAIN or an empty answer must last before it
	// is believed. Defaults to 1m.
	MissingGrace *metav1.Duration `json:"missingGrace,omitempty"`
	// Retain keeps addresses that rotate out of a large answer this long.
	// Defaults to 0s.
	Retain *metav1.Duration `json:"retain,omitempty"`
}
