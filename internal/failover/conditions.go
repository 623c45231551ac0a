package failover

import (
	"fmt"

	"fairlead.dev/internal/model"
)

// The reasons of targets and conditions. Each is one CamelCase word for
// machines; the message beside it is for people.
const (
	// ReasonAccepted: the manifest is valid.
	ReasonAccepted = "Accepted"
	// ReasonFixed: addresses stand in the manifest; there is nothing to resolve.
	ReasonFixed = "Fixed"
	// ReasonResolved: DNS gave records.
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
	// ReasonForbidden: an address may not be published.
	ReasonForbidden = "AddressForbidden"
	// ReasonInCluster: the endpoints are those of a Service of the cluster; there
	// is nothing to resolve.
	ReasonInCluster = "InCluster"
	// ReasonServiceNotFound: the target's Service does not exist.
	ReasonServiceNotFound = "ServiceNotFound"
	// ReasonPortMissing: the target's Service lacks a port of the service.
	ReasonPortMissing = "PortMissing"
	// ReasonNotPermitted: the target's namespace does not consent.
	ReasonNotPermitted = "NotPermitted"
	// ReasonStandby: the target is not published.
	ReasonStandby = "Standby"
	// ReasonNoTargets: nothing says where the service lives.
	ReasonNoTargets = "NoTargets"
	// ReasonNoEndpoints: there is no address to connect to.
	ReasonNoEndpoints = "NoEndpoints"
	// ReasonNoReadyEndpoints: there are addresses, and none takes connections.
	ReasonNoReadyEndpoints = "NoReadyEndpoints"
	// ReasonEndpointsReady: there is at least one ready endpoint.
	ReasonEndpointsReady = "EndpointsReady"
	// ReasonNameServed: the CNAME is served.
	ReasonNameServed = "NameServed"
)

// rankRefused is above every rank.
const rankRefused = 7

// rank orders reasons by how much a person should know of them.
func rank(reason string) int {
	switch reason {
	case ReasonForbidden:
		return 6
	case ReasonLookupFailed:
		return 5
	case ReasonMissing:
		return 4
	case ReasonNotFound:
		return 3
	case ReasonNoAddresses:
		return 2
	case ReasonPending:
		return 1
	}
	return 0
}

// describe puts a finding into a target's status, unless that says something
// that matters more.
func describe(s *model.TargetStatus, f finding) {
	if !f.at.IsZero() {
		s.ResolvedAt = f.at
	}
	if s.Reason != "" && rank(f.reason) <= rank(s.Reason) {
		return
	}
	s.Reason, s.Message = f.reason, f.message
}

// conditions sums a decision up. Of a service of which nothing was ever followed
// there is nothing to say but that.
func conditions(svc model.Service, d *model.Decision) []model.Condition {
	accepted := acceptedCondition(svc)
	if svc.Refusal != nil && len(svc.Targets) == 0 {
		ready := accepted
		ready.Type = model.Ready
		return []model.Condition{accepted, ready}
	}
	resolved := resolvedCondition(svc, d)
	return []model.Condition{accepted, resolved, readyCondition(svc, d, resolved)}
}

// acceptedCondition says why what is written is not followed, in whole or, where
// a target lacks somebody's consent, in part.
func acceptedCondition(svc model.Service) model.Condition {
	refusal := svc.Refusal
	for _, t := range svc.Targets {
		if refusal == nil && t.Refusal != nil && t.Refusal.Reason == ReasonNotPermitted {
			refusal = t.Refusal
		}
	}
	if refusal != nil {
		return model.Condition{Type: model.Accepted, Reason: refusal.Reason, Message: refusal.Message}
	}
	return model.Condition{Type: model.Accepted, Status: true, Reason: ReasonAccepted, Message: "the manifest is valid"}
}

// resolvedCondition is that of the target of the published tier that is worst
// off. Nothing is worse than to be refused.
func resolvedCondition(svc model.Service, d *model.Decision) model.Condition {
	c := model.Condition{Type: model.Resolvable, Status: true, Reason: ReasonFixed, Message: "there is no name to resolve"}
	worst := -1
	for i, t := range d.Targets {
		bad := rank(t.Reason)
		if svc.Targets[i].Refusal != nil && t.Priority == d.Priority {
			bad = rankRefused
		} else if !t.Active {
			continue
		}
		if bad > worst {
			worst = bad
			c.Status, c.Reason, c.Message = worst == 0, t.Reason, t.Message
		}
	}
	return c
}

func readyCondition(svc model.Service, d *model.Decision, resolved model.Condition) model.Condition {
	c := model.Condition{Type: model.Ready}
	switch {
	case svc.Type == model.ExternalName:
		return externalReady(c, d, resolved)
	case len(d.Endpoints) == 0 && !resolved.Status:
		c.Reason, c.Message = resolved.Reason, resolved.Message
		return c
	case len(d.Active) == 0:
		c.Reason, c.Message = ReasonNoTargets, noTargets(svc)
		return c
	case len(d.Endpoints) == 0:
		c.Reason, c.Message = ReasonNoEndpoints, noTargets(svc)
		return c
	}
	ready := 0
	for _, e := range d.Endpoints {
		if e.Ready {
			ready++
		}
	}
	c.Message = fmt.Sprintf("%d of %d endpoints are ready", ready, len(d.Endpoints))
	if ready == 0 {
		c.Reason = ReasonNoReadyEndpoints
		return c
	}
	c.Status, c.Reason = true, ReasonEndpointsReady
	return c
}

// externalReady is about addresses, too: a CNAME to a name without any leads
// nowhere. A name of the cluster domain is resolved where it is served.
func externalReady(c model.Condition, d *model.Decision, resolved model.Condition) model.Condition {
	if d.External == nil && !resolved.Status {
		c.Reason, c.Message = resolved.Reason, resolved.Message
		return c
	}
	if d.External == nil {
		c.Reason, c.Message = ReasonNoTargets, "no target has a hostname"
		return c
	}
	if !resolved.Status && len(d.External.A.Addrs)+len(d.External.AAAA.Addrs) == 0 {
		c.Reason, c.Message = resolved.Reason, resolved.Message
		return c
	}
	c.Status, c.Reason, c.Message = true, ReasonNameServed, "the name answers with a CNAME to "+d.External.Name
	return c
}

func noTargets(svc model.Service) string {
	what, why := "connections to it are refused", "no Endpoints or EndpointSlice gives it an address"
	if svc.Type == model.Headless {
		what = "its name does not resolve"
	}
	for _, t := range svc.Targets {
		if t.Service != nil {
			why = "Service " + t.Service.String() + " has no endpoints"
		}
	}
	return why + ": " + what
}
