package wire

import "net/netip"

// Service is what is wanted.
type Service struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// DNSName is the service's full name, without a trailing dot.
	DNSName string `json:"dnsName"`
	// Type is ClusterIP, Headless or ExternalName.
	Type       string       `json:"type"`
	Origin     Origin       `json:"origin"`
	ClusterIPs []netip.Addr `json:"clusterIPs,omitempty"`
	Ports      []Port       `json:"ports,omitempty"`
	Targets    []Target     `json:"targets,omitempty"`
	// SessionAffinity is how long a client address sticks to its endpoint.
	SessionAffinity Duration   `json:"sessionAffinity,omitzero"`
	PublishNotReady bool       `json:"publishNotReadyAddresses,omitempty"`
	Resolution      Resolution `json:"resolution,omitzero"`
	// Probe is how endpoints are watched. Nil means that they are not.
	Probe    *Probe   `json:"probe,omitempty"`
	Failover Failover `json:"failover,omitzero"`
	// Gateway is how the relay speaks for the service. Nil means that clients go
	// straight to its endpoints.
	Gateway *Gateway `json:"gateway,omitempty"`
	// Pin is a person's word on which target is published. Nil leaves it to the
	// probes.
	Pin *Pin `json:"pin,omitempty"`
	// Refusal is why what is written now is not followed; the rest is then what was
	// followed before.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// Refusal is why something that a person wrote is not followed.
type Refusal struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Origin says where a service was declared.
type Origin struct {
	Kind string `json:"kind"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Generation is that of the object in the API server; 0 for a file's.
	Generation int64 `json:"generation,omitempty"`
}

// Port is one port of a service.
type Port struct {
	Name        string `json:"name,omitempty"`
	Protocol    string `json:"protocol"`
	Port        uint16 `json:"port"`
	TargetPort  uint16 `json:"targetPort,omitempty"`
	AppProtocol string `json:"appProtocol,omitempty"`
}

// Target is one place where a service lives, as it was declared.
type Target struct {
	Name string `json:"name"`
	// Unnamed says that Name is for people only.
	Unnamed   bool         `json:"unnamed,omitempty"`
	Priority  int          `json:"priority"`
	Hostname  string       `json:"hostname,omitempty"`
	SRV       string       `json:"srv,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Endpoints []Endpoint   `json:"endpoints,omitempty"`
	// Service is the Service of the cluster that the endpoints are taken from.
	Service *ServiceRef `json:"service,omitempty"`
	// Refusal is why nothing of the target is published. Nil if it is.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// ServiceRef names a Service of the cluster.
type ServiceRef struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Endpoint is one address with the ports that it serves.
type Endpoint struct {
	IP       netip.Addr     `json:"ip"`
	Hostname string         `json:"hostname,omitempty"`
	Target   string         `json:"target,omitempty"`
	Ready    bool           `json:"ready"`
	Ports    []EndpointPort `json:"ports,omitempty"`
}

// EndpointPort is where an endpoint serves one port of its service.
type EndpointPort struct {
	Name     string `json:"name,omitempty"`
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port"`
}

// Resolution bounds how names are looked up.
type Resolution struct {
	MinInterval  Duration `json:"minInterval,omitzero"`
	MaxInterval  Duration `json:"maxInterval,omitzero"`
	MissingGrace Duration `json:"missingGrace,omitzero"`
	// Retain is how long addresses stay that rotate out of a large answer.
	Retain Duration `json:"retain,omitzero"`
}
