package v1alpha1

// The annotations that Fairlead reads on Services and Secrets.
const (
	// AnnotationHostname names, on a Service without selector, the DNS name
	// outside whose addresses become the Service's endpoints: db.example.com. The
	// Service is of type ClusterIP, headless or not.
	AnnotationHostname = "fairlead.dev/hostname"
	// AnnotationPorts says where the host of AnnotationHostname listens, where
	// that is not the targetPort of the Service's port: a comma separated list of
	// PORT=NUMBER, where PORT is the name or the number of a port of the Service,
	// as in "postgres=6432" or "5432=6432,9187=19187".
	AnnotationPorts = "fairlead.dev/ports"
	// AnnotationAdopt, "true" on a Service that somebody else made, lets an
	// ExternalService of that name take it over. Any other value does not.
	AnnotationAdopt = "fairlead.dev/adopt"
	// AnnotationAllowFrom names, on a Service, the namespaces whose
	// ExternalServices may have it as a target: a comma separated list, or "*"
	// for all of them. Those of its own namespace always may.
	AnnotationAllowFrom = "fairlead.dev/allow-from"
	// AnnotationAllowProbe, "true" on a Secret, consents that the targets of the
	// ExternalServices of its namespace are told its username and password when
	// they are probed. Any other value does not: whoever may write an
	// ExternalService could otherwise have any password sent anywhere.
	AnnotationAllowProbe = "fairlead.dev/allow-probe"
)

// The labels and annotations of EndpointSlices of a service with a gateway. They are
// what the gateway's Pods go by; nobody else should write them.
const (
	// LabelGateway says what such a slice is: [GatewayFront] or [GatewayTargets].
	LabelGateway = "fairlead.dev/gateway"
	// GatewayFront slices have the gateway's Pods as endpoints, each port with the
	// number on which the Pods listen for this service. They are what the Service's
	// clients reach.
	GatewayFront = "front"
	// GatewayTargets slices have the endpoints where the gateway takes the clients
	// to. They belong to no Service, so that nobody goes around the gateway by them.
	GatewayTargets = "targets"
	// LabelService names, on GatewayTargets slices, the ExternalService.
	LabelService = "fairlead.dev/service-name"
	// AnnotationTarget names, on GatewayTargets slices, the target that the endpoints
	// belong to, and AnnotationHost the outside name that they were found by, for TLS
	// and Host headers; absent for fixed addresses.
	AnnotationTarget = "fairlead.dev/target"
	AnnotationHost   = "fairlead.dev/host"
)

// The annotations that Fairlead reads on ExternalServices.
const (
	// AnnotationPin names the target that is published, whatever probes say, until
	// the annotation goes. A name that no target has pins nothing.
	AnnotationPin = "fairlead.dev/pin"
	// AnnotationPinnedBy says who pinned it, AnnotationPinReason why and
	// AnnotationPinnedAt when, as RFC 3339 has it. They are for people; each may be
	// absent.
	AnnotationPinnedBy  = "fairlead.dev/pinned-by"
	AnnotationPinReason = "fairlead.dev/pin-reason"
	AnnotationPinnedAt  = "fairlead.dev/pinned-at"
)
