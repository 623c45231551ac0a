package v1alpha1

// The conditions of an ExternalService. Names, polarity and shape follow the
// Gateway API: True is good and False is bad for every one of them, and a
// condition that is absent has not been looked at yet. Each has one reason for
// machines and one message for people; the same two stand in the event, the log
// and the metric.
const (
	// ConditionAccepted is True when the spec is valid and permitted and the name
	// is free. While it is False what was published before stays and is kept
	// current, without the targets that are not permitted. Where the name is
	// somebody else's (ServiceExists) nothing is written but the status. Never
	// absent once the controller has seen the object.
	ConditionAccepted = "Accepted"
	// ConditionResolved is True when DNS confirms the addresses of the published
	// tier, or they need no DNS. While it is False what was known stays
	// published. Absent only if no spec was ever accepted, or the name is somebody
	// else's.
	ConditionResolved = "Resolved"
	// ConditionHealthy is True when an endpoint that is published passes its probe.
	// Absent where Resolved is, and without a probe in the spec.
	ConditionHealthy = "Healthy"
	// ConditionResolvedRefs is True when the Secrets and ConfigMaps that the gateway
	// names are to be had, and hold what they should. Absent where it names none.
	ConditionResolvedRefs = "ResolvedRefs"
	// ConditionVerified is True when the certificates of targets are verified, and False
	// with insecureSkipVerify. Absent without backendTLS.
	ConditionVerified = "Verified"
	// ConditionProgrammed is True when the Service and its EndpointSlices stand
	// as decided. Absent where Resolved is.
	ConditionProgrammed = "Programmed"
	// ConditionReady sums up: True when a client that connects now reaches an
	// endpoint, as far as is known. Never absent once the controller has seen the object.
	ConditionReady = "Ready"
)

// The reasons of Accepted.
const (
	// ReasonAccepted: the spec is valid. Status True.
	ReasonAccepted = "Accepted"
	// ReasonServiceExists: a Service of this name exists, Fairlead did not make
	// it, and it does not carry fairlead.dev/adopt: "true".
	ReasonServiceExists = "ServiceExists"
	// ReasonHostnameInCluster: a target's name is inside the cluster domain.
	ReasonHostnameInCluster = "HostnameInCluster"
	// ReasonPinUnknown: the annotation fairlead.dev/pin names no target. The spec is
	// followed as if it were not there.
	ReasonPinUnknown = "PinUnknown"
	// ReasonNotPermitted: the namespace of a target's Service does not consent, and
	// nothing of that target is published. Also a reason of Resolved, of targets
	// and of Ready.
	ReasonNotPermitted = "NotPermitted"
	// ReasonInvalid: the spec breaks another rule. The API server refuses such
	// specs, so it is an object from before the rule.
	ReasonInvalid = "Invalid"
)

// The reasons of Resolved, of targets, and of Ready where that is why.
const (
	// ReasonFixed: addresses stand in the spec; there is nothing to resolve.
	// Status True.
	ReasonFixed = "Fixed"
	// ReasonResolved: DNS gave records. Status True.
	ReasonResolved = "Resolved"
	// ReasonPending: the first lookup is under way.
	ReasonPending = "Pending"
	// ReasonLookupFailed: the lookup failed; what was known stays.
	ReasonLookupFailed = "LookupFailed"
	// ReasonMissing: the name has lost its records; what was known stays for
	// missingGrace.
	ReasonMissing = "Missing"
	// ReasonNotFound: the name does not exist.
	ReasonNotFound = "NameNotFound"
	// ReasonNoAddresses: the name exists without records.
	ReasonNoAddresses = "NoAddresses"
	// ReasonForbidden: an address may not be published and is left out; the good
	// ones beside it are published.
	ReasonForbidden = "AddressForbidden"
	// ReasonInCluster: the endpoints are those of a Service of the cluster; there
	// is nothing to resolve. Status True.
	ReasonInCluster = "InCluster"
	// ReasonServiceNotFound: the target's Service does not exist.
	ReasonServiceNotFound = "ServiceNotFound"
	// ReasonPointsToItself: the target's Service is made from this ExternalService
	// or another one, which would feed on itself.
	ReasonPointsToItself = "PointsToItself"
	// ReasonPortMissing: the target's Service lacks a port of the spec.
	ReasonPortMissing = "PortMissing"
	// ReasonStandby: the target is not published, since one of a better tier is.
	ReasonStandby = "Standby"
)

// The reasons of Healthy.
const (
	// ReasonProbesPass: an endpoint that is published passes its probe. Status True.
	ReasonProbesPass = "ProbesPass"
	// ReasonUnjudged: too few probes have ended to tell.
	ReasonUnjudged = "NotProbedYet"
	// ReasonAllDown: no endpoint of any tier passes its probe. Also a reason of
	// Ready: with whenAllDown: KeepLast the last ones stay published.
	ReasonAllDown = "AllEndpointsDown"
	// ReasonTargetDown: no endpoint of the target passes its probe. A reason of
	// targets.
	ReasonTargetDown = "TargetDown"
)

// The reasons of ResolvedRefs, of Verified, and of Ready where that is why.
const (
	// ReasonResolvedRefs: all that the gateway names is there. Status True.
	ReasonResolvedRefs = "ResolvedRefs"
	// ReasonInvalidCertificateRef: a Secret of certificateRefs does not exist, may not
	// be read, or holds no certificate with its key.
	ReasonInvalidCertificateRef = "InvalidCertificateRef"
	// ReasonInvalidCACertificateRef: the same for caCertificateRefs. No connection to a
	// target is made.
	ReasonInvalidCACertificateRef = "InvalidCACertificateRef"
	// ReasonInvalidClientCertificateRef: the same for clientCertificateRef. No connection
	// to a target is made.
	ReasonInvalidClientCertificateRef = "InvalidClientCertificateRef"
	// ReasonVerified: a target whose certificate is not trusted is sent nothing. Status
	// True.
	ReasonVerified = "Verified"
	// ReasonInsecureSkipVerify: the spec says that anybody is trusted.
	ReasonInsecureSkipVerify = "InsecureSkipVerify"
)

// The reasons of the moves in a history.
const (
	// ReasonStarted: the first targets that were published.
	ReasonStarted = "Started"
	// ReasonTierDown: the tier that was published is down, and another one is not.
	ReasonTierDown = "TierDown"
	// ReasonFailback: a better tier has been up for failbackDelay.
	ReasonFailback = "Failback"
	// ReasonPinned: a person has pinned a target.
	ReasonPinned = "Pinned"
	// ReasonUnpinned: a person has let go of it.
	ReasonUnpinned = "Unpinned"
	// ReasonEdited: the spec was edited.
	ReasonEdited = "Edited"
	// ReasonRestarted: it was found to have moved, by a process that ended before it had
	// told why. The time is when it was found.
	ReasonRestarted = "Restarted"
)

// The reasons of addresses: why a probe failed.
const (
	// ReasonConnectionRefused: nothing listens there.
	ReasonConnectionRefused = "ConnectionRefused"
	// ReasonTimeout: there was no answer in time.
	ReasonTimeout = "Timeout"
	// ReasonUnreachable: there is no way to the address.
	ReasonUnreachable = "Unreachable"
	// ReasonConnectionReset: the connection was closed or reset before an answer.
	ReasonConnectionReset = "ConnectionReset"
	// ReasonCertificateInvalid: the certificate is not for that name, not trusted,
	// or not valid now.
	ReasonCertificateInvalid = "CertificateInvalid"
	// ReasonTLSHandshakeFailed: TLS failed in another way.
	ReasonTLSHandshakeFailed = "TLSHandshakeFailed"
	// ReasonProtocolError: what came back is not of the protocol.
	ReasonProtocolError = "ProtocolError"
	// ReasonUnexpectedStatus: an HTTP status that is not among the statuses.
	ReasonUnexpectedStatus = "UnexpectedStatus"
	// ReasonNotServing: gRPC health says so, or a database that starts, stops,
	// recovers or has no connection left.
	ReasonNotServing = "NotServing"
	// ReasonNotPrimary: the server is a replica, or read-only.
	ReasonNotPrimary = "NotPrimary"
	// ReasonNotReplica: the server is a primary.
	ReasonNotReplica = "NotReplica"
	// ReasonAuthenticationFailed: the server does not take the credentials.
	ReasonAuthenticationFailed = "AuthenticationFailed"
	// ReasonCredentialsMissing: there is no such Secret, it does not consent, or it
	// lacks a key.
	ReasonCredentialsMissing = "CredentialsMissing"
	// ReasonNotAsked: the prober's machine has no file, port or memory left to ask
	// with. What was held of the endpoint stays.
	ReasonNotAsked = "NotAsked"
)

// The reasons of Programmed.
const (
	// ReasonProgrammed: the Service and its EndpointSlices stand as decided.
	// Status True.
	ReasonProgrammed = "Programmed"
	// ReasonWriteRefused: the API server refuses what is to be written: a quota, or
	// somebody's admission policy.
	ReasonWriteRefused = "WriteRefused"
	// ReasonOtherEndpoints: Endpoints or EndpointSlices that Fairlead does not keep
	// give the Service addresses, too.
	ReasonOtherEndpoints = "OtherEndpoints"
	// ReasonGatewayNotReady: no Pod of the gateway is ready to speak for the service.
	ReasonGatewayNotReady = "GatewayNotReady"
	// ReasonListening: a virtual IP takes connections. Status True.
	ReasonListening = "Listening"
	// ReasonServed: the service's names are answered. Status True.
	ReasonServed = "RecordsServed"
	// ReasonNothing: there is nothing to connect to yet. Status True.
	ReasonNothing = "NothingToServe"
)

// The reasons of Ready.
const (
	// ReasonEndpointsReady: there is at least one ready endpoint. Status True.
	ReasonEndpointsReady = "EndpointsReady"
	// ReasonNameServed: the CNAME is served. Status True.
	ReasonNameServed = "NameServed"
	// ReasonNoTargets: nothing says where the service lives.
	ReasonNoTargets = "NoTargets"
	// ReasonNoEndpoints: there is no address to connect to.
	ReasonNoEndpoints = "NoEndpoints"
	// ReasonNoReadyEndpoints: there are addresses, and none takes connections.
	ReasonNoReadyEndpoints = "NoReadyEndpoints"
)
