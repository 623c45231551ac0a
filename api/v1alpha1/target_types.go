package v1alpha1

// Target is one place where the service lives. Exactly one of hostname,
// addresses, srv and service is set.
//
// +kubebuilder:validation:XValidation:rule="(has(self.hostname) && self.hostname.size() > 0) || has(self.addresses) || (has(self.srv) && self.srv.size() > 0) || has(self.service)",message="a target needs one of hostname, addresses, srv and service: write hostname: db.example.com, or addresses: [10.0.1.25]",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="[has(self.hostname) && self.hostname.size() > 0, has(self.addresses), has(self.srv) && self.srv.size() > 0, has(self.service)].filter(set, set).size() < 2",message="a target has exactly one of hostname, addresses, srv and service: write a target for each, with a name of its own"
type Target struct {
	// Name is a DNS label, unique in the service. With type Headless it is a
	// name below the service's.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="not a DNS label: write lower-case letters, digits and hyphens, such as primary"
	Name string `json:"name"`
	// Priority is the target's tier: lower is preferred, equals share the load.
	// Defaults to 0.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Priority int32 `json:"priority,omitempty"`
	// Weight is the target's share of the load among those of its tier, with a gateway.
	// Defaults to 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight int32 `json:"weight,omitempty"`
	// Hostname is a DNS name with at least two labels. It is kept resolved, at
	// the pace that its TTL asks for.
	// +optional
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="!(isIP(self) || self.matches('^[0-9.]+$'))",message="an IP address is not a hostname: write addresses: [10.0.1.25] instead of hostname"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?[.]?$') || self.matches('^[0-9.]+$')",message="has one label only, and what that means depends on who asks: write the whole name, such as db.example.com"
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || isIP(self) || self.matches('^[0-9.]+$') || self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?[.]?$') || (self.size() < 254 || self.endsWith('.')) && self.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+[.]?$')",message="not a DNS name: write it in lower case, without scheme, port, path or wildcard, such as db.example.com"
	Hostname string `json:"hostname,omitempty"`
	// Addresses are IPv4 or IPv6 addresses.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isIP(self)",message="not an IP address: write an IPv4 or IPv6 address such as 10.0.1.25, without port, prefix length or zone; for a DNS name write hostname"
	// +kubebuilder:validation:items:XValidation:rule="!isIP(self) || !ip(self).isLoopback()",message="a loopback address is the machine itself, another one for every client: write the address that the service has on the network"
	// +kubebuilder:validation:items:XValidation:rule="!isIP(self) || !(ip(self).isLinkLocalUnicast() || ip(self).isLinkLocalMulticast())",message="a link-local address means another machine on every machine: write the address that the service has on the network"
	// +kubebuilder:validation:items:XValidation:rule="!isIP(self) || ip(self).isGlobalUnicast() || ip(self).isLoopback() || ip(self).isLinkLocalUnicast() || ip(self).isLinkLocalMulticast()",message="an unspecified, multicast or broadcast address is nobody's: write the address that the service listens on"
	Addresses []string `json:"addresses,omitempty"`
	// SRV is an SRV owner name (RFC 2782): _postgres._tcp.example.com. Its
	// records give hosts and ports.
	// +optional
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || (self.size() < 254 || self.endsWith('.')) && self.matches('^_[a-z]([-a-z0-9]{0,61}[a-z0-9])?[.]_[a-z]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?){2,}[.]?$')",message="not an SRV name: write _SERVICE._PROTOCOL.DOMAIN, such as _postgres._tcp.example.com; for a plain name write hostname"
	SRV string `json:"srv,omitempty"`
	// Service is a Service in the cluster: the way in for what has moved there.
	// Its endpoints are published; targetPort is the number of a port of that
	// Service.
	// +optional
	Service *ServiceReference `json:"service,omitempty"`
}

// ServiceReference names a Service in the cluster.
type ServiceReference struct {
	// Name of the Service.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="not the name of a Service: write lower-case letters, digits and hyphens, beginning with a letter"
	Name string `json:"name"`
	// Namespace defaults to the ExternalService's own. A Service in another one
	// must consent, by its annotation fairlead.dev/allow-from.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="not the name of a namespace: write lower-case letters, digits and hyphens"
	Namespace string `json:"namespace,omitempty"`
}
