package v1alpha1

// The annotations that Fairlead reads on Services.
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
)
