package model

import (
	"cmp"
	"net/netip"
	"strconv"
	"time"
)

// Key names a service: its namespace and its name in it.
type Key struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// String is namespace/name, the form that kubectl and logs use.
func (k Key) String() string { return k.Namespace + "/" + k.Name }

// Compare orders keys by namespace, then name.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Namespace, o.Namespace), cmp.Compare(k.Name, o.Name))
}

// ServiceType says how a service appears to its clients.
type ServiceType string

const (
	// ClusterIP services have a virtual IP that spreads connections over the endpoints.
	ClusterIP ServiceType = "ClusterIP"
	// Headless services have no virtual IP: their name answers with every ready address.
	Headless ServiceType = "Headless"
	// ExternalName services are a CNAME to the active target's hostname.
	ExternalName ServiceType = "ExternalName"
)

// Protocol is a port's transport protocol, spelled as Kubernetes does.
type Protocol string

// The protocols of Kubernetes Services. SCTP has names in DNS and no relay.
const (
	TCP  Protocol = "TCP"
	UDP  Protocol = "UDP"
	SCTP Protocol = "SCTP"
)

// Service is what is wanted: one name in one namespace.
type Service struct {
	Key    Key         `json:"key"`
	Type   ServiceType `json:"type"`
	Origin Origin      `json:"origin"`

	// ClusterIPs are the virtual IPs, at most one of each family, the primary
	// first. Empty unless Type is ClusterIP.
	ClusterIPs []netip.Addr `json:"clusterIPs,omitempty"`
	Ports      []Port       `json:"ports,omitempty"`
	Targets    []Target     `json:"targets,omitempty"`

	// SessionAffinity is how long a client address sticks to its endpoint after
	// its last connection (sessionAffinity: ClientIP). Zero means no affinity.
	SessionAffinity time.Duration `json:"sessionAffinity,omitempty"`
	// PublishNotReady publishes endpoints in DNS whether or not they are ready.
	PublishNotReady bool       `json:"publishNotReady,omitempty"`
	Resolution      Resolution `json:"resolution"`
	// Probe is how endpoints are watched. Nil means that every address that is
	// known counts as up.
	Probe    *Probe   `json:"probe,omitempty"`
	Failover Failover `json:"failover,omitzero"`
	// Gateway is how the relay speaks for the service. Nil means that what clients
	// send goes to the endpoints as it is.
	Gateway *Gateway `json:"gateway,omitempty"`
	// Named is whether the gateway names Secrets or ConfigMaps, and Lack why one of
	// them is not to be had; nil if all are.
	Named bool     `json:"-"`
	Lack  *Refusal `json:"lack,omitempty"`
	// Pin is a person's word on which target is published. Nil leaves it to the
	// probes.
	Pin *Pin `json:"pin,omitempty"`

	// Refusal is why what is written now is not followed. Everything else is then
	// what was followed before; no more than Key and Origin if nothing ever was.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// Refusal is why something that a person wrote is not followed.
type Refusal struct {
	// Reason is one CamelCase word, stable, for machines.
	Reason string `json:"reason"`
	// Message names the thing, says why and what to write instead.
	Message string `json:"message"`
}

// Origin says where a service was declared, for people.
type Origin struct {
	// Kind is Service or ExternalService.
	Kind string `json:"kind"`
	File string `json:"file,omitempty"`
	// Line counts from 1; 0 means unknown.
	Line int `json:"line,omitempty"`
	// Generation is that of the object in the API server; 0 for a file's.
	Generation int64 `json:"generation,omitempty"`
}

// Port is one port of a service.
type Port struct {
	// Name is empty only where a service has a single port.
	Name     string   `json:"name,omitempty"`
	Protocol Protocol `json:"protocol"`
	// Port is what clients connect to.
	Port uint16 `json:"port"`
	// Listen is where the relay listens, if that is not Port: a Pod of the gateway has
	// one address for all services. 0 for none.
	Listen uint16 `json:"-"`
	// TargetPort is where resolved targets listen. Endpoints from manifests
	// carry their own ports instead, matched by name.
	TargetPort  uint16 `json:"targetPort,omitempty"`
	AppProtocol string `json:"appProtocol,omitempty"`
}

// String is NAME:PORT/PROTOCOL, without the name where there is none.
func (p Port) String() string {
	s := strconv.Itoa(int(p.Port)) + "/" + string(p.Protocol)
	if p.Name == "" {
		return s
	}
	return p.Name + ":" + s
}

// Target is one place where a service lives. Exactly one of Hostname, SRV,
// Addresses and Endpoints is set.
type Target struct {
	Name string `json:"name"`
	// Unnamed says that Name is for people only: the target has no name of its own
	// below that of a headless service.
	Unnamed bool `json:"unnamed,omitempty"`
	// Priority is the target's tier: lower is preferred, equals share the load.
	Priority int `json:"priority"`

	// Weight is the target's share of the load among equals of its tier. Convert
	// makes it at least 1; 0 counts as 1.
	Weight int `json:"weight,omitempty"`

	// Hostname is resolved to A and AAAA records; without a trailing dot.
	Hostname string `json:"hostname,omitempty"`
	// SRV is an SRV owner name (RFC 2782) that gives hosts and ports; without a
	// trailing dot.
	SRV string `json:"srv,omitempty"`
	// Addresses are fixed.
	Addresses []netip.Addr `json:"addresses,omitempty"`
	// Endpoints come from Endpoints and EndpointSlice manifests, or from Service,
	// with ports of their own.
	Endpoints []Endpoint `json:"endpoints,omitempty"`
	// Service is the Service of the cluster that the endpoints are taken from.
	// Nil for other targets.
	Service *Key `json:"service,omitempty"`
	// Refusal is why nothing of the target is published. Nil if it is.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// Endpoint is one address with the ports that it serves.
type Endpoint struct {
	Addr netip.Addr `json:"ip"`
	// Hostname is the endpoint's own DNS label below the service's name. Empty
	// means that DNS derives one from the address.
	Hostname string `json:"hostname,omitempty"`
	// Host is the outside name that it was found by, for TLS and Host. Empty for fixed
	// addresses, and where no gateway needs it.
	Host string `json:"host,omitempty"`
	// Target is the name of the target that it belongs to.
	Target string `json:"target,omitempty"`
	Ready  bool   `json:"ready"`
	// Ports are shared between endpoints and must not be written.
	Ports []EndpointPort `json:"ports,omitempty"`
}

// EndpointPort is where an endpoint serves one port of its service. The name
// joins it to the service's port, as in Kubernetes.
type EndpointPort struct {
	Name     string   `json:"name,omitempty"`
	Protocol Protocol `json:"protocol"`
	Port     uint16   `json:"port"`
}

// Resolution bounds how names are looked up. Package convert fills the defaults
// in, those of [DefaultResolution].
type Resolution struct {
	// MinInterval is the floor under a record's TTL.
	MinInterval time.Duration `json:"minInterval,omitempty"`
	// MaxInterval is the ceiling over a record's TTL.
	MaxInterval time.Duration `json:"maxInterval,omitempty"`
	// MissingGrace is how long NXDOMAIN or an empty answer must last before it
	// is believed.
	MissingGrace time.Duration `json:"missingGrace,omitempty"`
	// Retain is how long addresses stay that rotate out of a large answer.
	Retain time.Duration `json:"retain,omitempty"`
}

// DefaultResolution is what a service gets that says nothing.
func DefaultResolution() Resolution {
	return Resolution{MinInterval: time.Second, MaxInterval: 5 * time.Minute, MissingGrace: time.Minute}
}

// Failover says when a service moves between tiers. Package convert fills the
// defaults in, those of [DefaultFailover].
type Failover struct {
	// ManualFailback leaves the service where it is while that is up, until a person
	// moves it back.
	ManualFailback bool `json:"manualFailback,omitempty"`
	// FailbackDelay is how long a better tier must be up first.
	FailbackDelay time.Duration `json:"failbackDelay,omitempty"`
	// Withdraw publishes no ready endpoint while all are down; otherwise the last
	// ones stay.
	Withdraw bool `json:"withdraw,omitempty"`
	// MinimumReady is how many endpoints of a tier must be up for it to count as
	// up; less than 1 is 1.
	MinimumReady int `json:"minimumReady,omitempty"`
}

// DefaultFailover is what a service gets that says nothing.
func DefaultFailover() Failover {
	return Failover{FailbackDelay: time.Minute, MinimumReady: 1}
}

// Pin is a person's word that a target is to be published, whatever probes say.
type Pin struct {
	// Target is its name.
	Target string `json:"target"`
	// By is who said so, Reason why, At when; each may be unknown.
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"`
}
