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
	Name      string       `json:"name"`
	Priority  int          `json:"priority"`
	Hostname  string       `json:"hostname,omitempty"`
	SRV       string       `json:"srv,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Endpoints []Endpoint   `json:"endpoints,omitempty"`
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
}
