package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ExternalService gives a service that lives outside the cluster a stable name
// and address inside it. It becomes a Service of the same name, with endpoints
// that are kept current.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=xsvc
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Active",type=string,JSONPath=`.status.active.summary`,description="The targets that are published"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether a client that connects now reaches an endpoint"
// +kubebuilder:printcolumn:name="Endpoints",type=string,JSONPath=`.status.endpoints`,description="Endpoints that are ready, of those that are published"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name becomes the name of a Service: write lower-case letters, digits and hyphens, at most 63, beginning with a letter"
type ExternalService struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what is wanted.
	Spec ExternalServiceSpec `json:"spec"`
	// Status is what is. Only the controller writes it.
	// +optional
	Status ExternalServiceStatus `json:"status,omitzero"`
}

// ExternalServiceList is a list of ExternalServices.
//
// +kubebuilder:object:root=true
type ExternalServiceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ExternalService `json:"items"`
}

// ServiceType says how an ExternalService appears to its clients.
//
// +kubebuilder:validation:Enum=ClusterIP;Headless;ExternalName
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
//
// +kubebuilder:validation:XValidation:rule="!has(self.gateway) || !has(self.gateway.proxyProtocol) || !has(self.ports) || self.ports.all(p, has(self.gateway.listeners) && self.gateway.listeners.exists(l, l.port == p.port && (l.protocol == 'UDP') == (p.protocol == 'UDP')) || p.protocol == 'TCP' && (!has(p.appProtocol) || !(p.appProtocol in ['http', 'grpc', 'kubernetes.io/h2c', 'kubernetes.io/ws'])))",message="the PROXY protocol names the client of a TCP connection, and a port without a listener carries requests by its appProtocol, or datagrams: write a listener of protocol TCP for it, or leave proxyProtocol out",fieldPath=".gateway.proxyProtocol"
// +kubebuilder:validation:XValidation:rule="self.type != 'ClusterIP' || (has(self.ports) && size(self.ports) > 0)",message="type ClusterIP needs at least one port: write ports: [{port: 5432}], or type: Headless for a name without a virtual IP",fieldPath=".ports",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.type != 'ExternalName' || self.targets.all(t, self.targets.exists(o, o.priority == t.priority && has(o.hostname) && o.hostname.size() > 0))",message="type ExternalName is a CNAME, and a tier has no target with a hostname: write a target with a hostname for each priority, or type: Headless to answer with addresses",fieldPath=".targets"
// +kubebuilder:validation:XValidation:rule="has(self.probe) || self.targets.all(t, t.priority == self.targets[0].priority)",message="targets of several priorities need a probe: without one nothing tells when to move, and the second tier would never serve: write probe: {tcp: {}}, or give all targets one priority",fieldPath=".probe",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="!has(self.gateway) || self.type == 'ClusterIP'",message="a gateway is behind a virtual IP, and only type ClusterIP has one: write type: ClusterIP, or leave gateway out",fieldPath=".gateway"
// +kubebuilder:validation:XValidation:rule="!has(self.gateway) || !has(self.gateway.listeners) || self.gateway.listeners.all(l, has(self.ports) && self.ports.exists(p, p.port == l.port && (p.protocol == 'UDP') == (l.protocol == 'UDP')))",message="a listener is for a port that the service does not have, or has for another protocol: write the number of one of its ports, UDP for UDP",fieldPath=".gateway.listeners"
// +kubebuilder:validation:XValidation:rule="has(self.gateway) || self.targets.all(t, !has(t.weight) || t.weight == 1)",message="weights are for the relay, and without a gateway kube-proxy shares the load evenly: write gateway: {}, or leave weight out",fieldPath=".targets"
// +kubebuilder:validation:XValidation:rule="!has(self.probe) || has(self.probe.port) || has(self.ports) && self.ports.exists(p, p.protocol == 'TCP')",message="probes go to a TCP port, and ports has none: write the number of one in probe: {port: 5432}",fieldPath=".probe.port",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.?failover.?minimumReady.orValue(1) < 2 || self.targets.all(t, self.targets.exists(o, o.priority == t.priority && !has(o.addresses)) || self.targets.filter(o, o.priority == t.priority).map(o, size(o.addresses)).sum() >= self.failover.minimumReady)",message="a tier has fewer addresses than minimumReady, and would never be up: write a lower minimumReady, or more addresses",fieldPath=".failover.minimumReady"
// +kubebuilder:validation:XValidation:rule="self.?failover.?minimumReady.orValue(1) < 2 || [self.?probe.?postgres.?role.orValue('any'), self.?probe.?mysql.?role.orValue('any'), self.?probe.?redis.?role.orValue('any')].all(role, role != 'primary')",message="a tier has one primary at most, and would never be up: write minimumReady: 1, or role: replica",fieldPath=".failover.minimumReady"
type ExternalServiceSpec struct {
	// Type says how the service appears to its clients. ClusterIP has a virtual
	// IP that spreads connections over the endpoints. Headless answers with every
	// ready address, and each target's own name answers too
	// (primary.analytics-db.reporting.svc.cluster.local). ExternalName is a CNAME
	// to the active target's hostname. It may be changed at any time. Defaults to
	// ClusterIP.
	// +optional
	// +kubebuilder:default=ClusterIP
	Type ServiceType `json:"type,omitempty"`
	// Ports are what clients connect to, and where the targets listen. They are
	// needed for type ClusterIP, optional for Headless, and tell ExternalName no
	// more than where to probe.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="size(self) < 2 || self.all(p, has(p.name) && p.name.size() > 0)",message="where there are several ports each needs a name: write a name such as http or postgres"
	// +kubebuilder:validation:XValidation:rule="self.all(p, !has(p.name) || p.name.size() == 0 || self.exists_one(o, has(o.name) && o.name == p.name))",message="two ports have one name: give each port a name of its own"
	// +kubebuilder:validation:XValidation:rule="self.all(p, self.exists_one(o, o.port == p.port && o.protocol == p.protocol))",message="two ports have one number and protocol: give each port a number of its own, or another protocol"
	Ports []Port `json:"ports,omitempty"`
	// Targets are the places where the service lives; at least one. The best
	// tier that is up, the one with the lowest priority, is published.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="size(self) > 0",message="an ExternalService needs at least one target: write targets: [{name: primary, hostname: db.example.com}]",reason=FieldValueRequired
	// +kubebuilder:validation:XValidation:rule="self.all(t, self.exists_one(o, o.name == t.name))",message="two targets have one name: give each target a name of its own"
	Targets []Target `json:"targets"`
	// SessionAffinity is None, or ClientIP so that a client sticks to its
	// endpoint for three hours. Defaults to None.
	// +optional
	// +kubebuilder:default=None
	// +kubebuilder:validation:Enum=None;ClientIP
	SessionAffinity corev1.ServiceAffinity `json:"sessionAffinity,omitempty"`
	// Probe says how endpoints are watched. Without it every address that is known
	// counts as up. Targets of several priorities need one.
	// +optional
	Probe *Probe `json:"probe,omitempty"`
	// Failover says when the service moves between tiers.
	// +optional
	Failover *Failover `json:"failover,omitempty"`
	// Resolution bounds how names are looked up.
	// +optional
	Resolution *Resolution `json:"resolution,omitempty"`
	// Gateway sends the traffic through the relay, for what a name alone cannot do: TLS
	// and Host that match the target, weights, connections that end with a target. For
	// type ClusterIP. Without it clients' connections go to the endpoints as they are.
	// +optional
	Gateway *Gateway `json:"gateway,omitempty"`
}

// Port is one port of the service.
type Port struct {
	// Name is a DNS label, needed where there is more than one port.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="not a DNS label: write lower-case letters, digits and hyphens, such as http or postgres"
	Name string `json:"name,omitempty"`
	// Port is what clients connect to, 1 to 65535.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
	// TargetPort is where the targets listen. Defaults to port. The port of an
	// SRV record goes before it.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	TargetPort int32 `json:"targetPort,omitempty"`
	// Protocol is TCP or UDP. Defaults to TCP.
	// +optional
	// +kubebuilder:default=TCP
	// +kubebuilder:validation:Enum=TCP;UDP
	Protocol corev1.Protocol `json:"protocol,omitempty"`
	// AppProtocol is passed on to the Service and its endpoints: a name such as
	// http or kubernetes.io/h2c.
	// +optional
	// +kubebuilder:validation:MaxLength=316
	// +kubebuilder:validation:XValidation:rule="!format.qualifiedName().validate(self).hasValue()",message="not a qualified name: write a name such as http or example.com/protocol"
	AppProtocol *string `json:"appProtocol,omitempty"`
}
