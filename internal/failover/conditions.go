package failover

import (
	"fmt"
	"strings"

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
	// ReasonResolvedRefs: all that the gateway names is there.
	ReasonResolvedRefs = "ResolvedRefs"
	// ReasonVerified: targets' certificates are verified.
	ReasonVerified = "Verified"
	// ReasonInsecureSkipVerify: they are not, since the spec says so.
	ReasonInsecureSkipVerify = "InsecureSkipVerify"
	// ReasonPinUnknown: the pin names no target.
	ReasonPinUnknown = "PinUnknown"
	// ReasonProbesPass: an endpoint that is published passes its probe.
	ReasonProbesPass = "ProbesPass"
	// ReasonUnjudged: too few probes have ended to say anything.
	ReasonUnjudged = "NotProbedYet"
	// ReasonAllDown: all endpoints that could be published are down.
	ReasonAllDown = "AllEndpointsDown"
	// ReasonTargetDown: all endpoints of the target are down.
	ReasonTargetDown = "TargetDown"
)

// The reasons of transitions.
const (
	// ReasonStarted: nothing was published before.
	ReasonStarted = "Started"
	// ReasonTierDown: what was published before is down.
	ReasonTierDown = "TierDown"
	// ReasonFailback: a better tier is up again.
	ReasonFailback = "Failback"
	// ReasonPinned: a person has said so.
	ReasonPinned = "Pinned"
	// ReasonUnpinned: a person has let go.
	ReasonUnpinned = "Unpinned"
	// ReasonEdited: the spec was edited.
	ReasonEdited = "Edited"
	// ReasonRestarted: nobody remembers why; it was so when the process began.
	ReasonRestarted = "Restarted"
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

// explain puts the decision into words: the status of each target, and conditions.
// Of a service of which nothing was ever followed there is nothing to say but that.
func explain(in Input, d *model.Decision, places []*place) {
	svc := &in.Service
	d.Targets = make([]model.TargetStatus, 0, len(places))
	for _, p := range places {
		d.Targets = append(d.Targets, p.explain(svc))
	}
	accepted := acceptedCondition(svc)
	if svc.Refusal != nil && len(svc.Targets) == 0 {
		ready := accepted
		ready.Type = model.Ready
		d.Conditions = []model.Condition{accepted, ready}
		return
	}
	resolved := resolvedCondition(d, places)
	d.Conditions = append(make([]model.Condition, 0, 6), accepted, resolved) // one of each kind that is decided here
	var healthy *model.Condition
	if watched(svc) {
		h := healthyCondition(svc, d, places)
		d.Conditions, healthy = append(d.Conditions, h), &h
	}
	d.Conditions = append(d.Conditions, gatewayConditions(svc)...)
	d.Conditions = append(d.Conditions, readyCondition(svc, d, resolved, healthy))
}

// acceptedCondition says why what is written is not followed, in whole or, where
// a target lacks somebody's consent or a pin names none, in part.
func acceptedCondition(svc *model.Service) model.Condition {
	refusal := svc.Refusal
	for i := range svc.Targets {
		if t := &svc.Targets[i]; refusal == nil && t.Refusal != nil && t.Refusal.Reason == ReasonNotPermitted {
			refusal = t.Refusal
		}
	}
	if refusal == nil {
		refusal = unknownPin(svc)
	}
	if refusal != nil {
		return model.Condition{Type: model.Accepted, Reason: refusal.Reason, Message: refusal.Message}
	}
	return model.Condition{Type: model.Accepted, Status: true, Reason: ReasonAccepted, Message: "the manifest is valid"}
}

func unknownPin(svc *model.Service) *model.Refusal {
	if svc.Pin == nil {
		return nil
	}
	var names []string
	for i := range svc.Targets {
		if svc.Targets[i].Name == svc.Pin.Target {
			return nil
		}
		names = append(names, svc.Targets[i].Name)
	}
	return &model.Refusal{
		Reason:  ReasonPinUnknown,
		Message: fmt.Sprintf("no target is called %q, so nothing is pinned: there are %s", svc.Pin.Target, strings.Join(names, ", ")),
	}
}

// resolvedCondition is that of the target of the published tier that is worst
// off. Nothing is worse than to be refused.
func resolvedCondition(d *model.Decision, places []*place) model.Condition {
	c := model.Condition{Type: model.Resolvable, Status: true, Reason: ReasonFixed, Message: "there is no name to resolve"}
	worst := -1
	for _, p := range places {
		bad := rank(p.reason)
		if p.target.Refusal != nil && p.target.Priority == d.Priority {
			bad = rankRefused
		} else if !p.status.Active {
			continue
		}
		if bad > worst {
			worst = bad
			c.Status, c.Reason, c.Message = worst == 0, p.reason, p.message
		}
	}
	return c
}

func readyCondition(svc *model.Service, d *model.Decision, resolved model.Condition, healthy *model.Condition) model.Condition {
	c := model.Condition{Type: model.Ready}
	switch {
	case svc.Type == model.ExternalName:
		c = externalReady(c, d, resolved)
	case len(d.Endpoints) == 0 && !resolved.Status:
		c.Reason, c.Message = resolved.Reason, resolved.Message
	case len(d.Active) == 0:
		c.Reason, c.Message = ReasonNoTargets, noTargets(svc)
	case len(d.Endpoints) == 0:
		c.Reason, c.Message = ReasonNoEndpoints, noTargets(svc)
	default:
		c = endpointsReady(c, d)
	}
	if healthy != nil && healthy.Reason == ReasonAllDown && (c.Status || c.Reason == ReasonNoReadyEndpoints) {
		c.Status, c.Reason, c.Message = false, healthy.Reason, healthy.Message
	}
	if svc.Lack != nil && c.Status {
		c.Status, c.Reason, c.Message = false, svc.Lack.Reason, svc.Lack.Message
	}
	return c
}

func endpointsReady(c model.Condition, d *model.Decision) model.Condition {
	ready := 0
	for i := range d.Endpoints {
		if d.Endpoints[i].Ready {
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

func noTargets(svc *model.Service) string {
	what, why := "connections to it are refused", "no Endpoints or EndpointSlice gives it an address"
	if svc.Type == model.Headless {
		what = "its name does not resolve"
	}
	for i := range svc.Targets {
		if t := &svc.Targets[i]; t.Service != nil {
			why = "Service " + t.Service.String() + " has no endpoints"
		}
	}
	return why + ": " + what
}
