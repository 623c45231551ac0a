package convert

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// maxAffinity is the longest sessionAffinity that Kubernetes takes.
const maxAffinity = 86400

// service converts a plain Service.
func (c *converter) service(r *report, s *corev1.Service) {
	d := &declared{report: r, plain: s}
	c.declare(d)
	if _, ok := s.Annotations[v1alpha1.AnnotationHostname]; ok {
		c.annotated(r, d, s)
		return
	}
	if _, ok := s.Annotations[v1alpha1.AnnotationPorts]; ok {
		r.warn("AnnotationUnused", annotation(v1alpha1.AnnotationPorts), "the annotation says where a host outside listens, and nothing names the host",
			"write the annotation "+v1alpha1.AnnotationHostname+": db.example.com, too, or delete this one")
	}
	switch t := s.Spec.Type; t {
	case corev1.ServiceTypeExternalName:
		d.why = "is of type ExternalName, which has no endpoints"
		c.externalName(r, d, s)
		return
	case "", corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer:
	default:
		r.unknownType(t)
		return
	}
	if len(s.Spec.Selector) > 0 {
		d.why = "has a selector, so that its endpoints are Pods"
		r.info("NeedsCluster", at("spec", "selector"), "a Service with a selector needs a cluster, whose Pods it selects: it is skipped",
			"for a service outside the cluster, leave the selector out and write its addresses in an EndpointSlice")
		return
	}
	c.selectorless(r, d, s)
}

func (r *report) unknownType(t corev1.ServiceType) {
	r.error("UnknownValue", at("spec", "type"), fmt.Sprintf("there is no Service type %q", t),
		"write ClusterIP, ExternalName, NodePort or LoadBalancer")
}

// selectorless converts a Service of type ClusterIP whose endpoints are
// written by hand.
func (c *converter) selectorless(r *report, d *declared, s *corev1.Service) {
	w := c.plain(r, s)
	if r.errors > 0 {
		return
	}
	d.wanted = w
	c.wanted = append(c.wanted, w)
}

// plain converts what a Service says of itself: everything but where it lives.
func (c *converter) plain(r *report, s *corev1.Service) *Wanted {
	w := &Wanted{Source: r.source, Service: model.Service{
		Key: r.key, Type: model.ClusterIP, Origin: r.origin(),
		PublishNotReady: s.Spec.PublishNotReadyAddresses,
		Resolution:      model.DefaultResolution(),
	}}
	if headless(s) {
		w.Type = model.Headless
	} else {
		c.clusterIPs(r, w, s)
	}
	w.Ports = r.servicePorts(s)
	if len(s.Spec.Ports) == 0 && w.Type == model.ClusterIP {
		r.error("PortsMissing", at("spec", "ports"), "a Service with a virtual IP needs at least one port",
			"write ports: [{port: 5432}], or clusterIP: None for a name without a virtual IP")
	}
	w.SessionAffinity = r.affinity(at("spec", "sessionAffinity"), s.Spec.SessionAffinity, s.Spec.SessionAffinityConfig)
	r.notes(s)
	return w
}

func headless(s *corev1.Service) bool {
	return s.Spec.ClusterIP == corev1.ClusterIPNone ||
		s.Spec.ClusterIP == "" && len(s.Spec.ClusterIPs) == 1 && s.Spec.ClusterIPs[0] == corev1.ClusterIPNone
}

// affinity converts sessionAffinity to a duration; zero means none.
func (r *report) affinity(path *field.Path, a corev1.ServiceAffinity, cfg *corev1.SessionAffinityConfig) time.Duration {
	switch a {
	case "", corev1.ServiceAffinityNone:
		return 0
	case corev1.ServiceAffinityClientIP:
	default:
		r.error("UnknownValue", path, fmt.Sprintf("there is no session affinity %q", a), "write None or ClientIP")
		return 0
	}
	seconds := corev1.DefaultClientIPServiceAffinitySeconds
	if cfg != nil && cfg.ClientIP != nil && cfg.ClientIP.TimeoutSeconds != nil {
		seconds = *cfg.ClientIP.TimeoutSeconds
	}
	if seconds < 1 || seconds > maxAffinity {
		r.error("OutOfRange", at("spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"),
			fmt.Sprintf("a session affinity of %d seconds is out of range", seconds),
			fmt.Sprintf("write 1 to %d", maxAffinity))
	}
	return time.Duration(seconds) * time.Second
}

// notes tells what is served differently from what is written. A cluster serves
// all of it.
func (r *report) notes(s *corev1.Service) {
	if r.c.in.InCluster != nil {
		return
	}
	switch s.Spec.Type {
	case corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer:
		r.info("ClusterIPOnly", at("spec", "type"),
			fmt.Sprintf("of a %s Service its virtual IP and name are served, no node port and no load balancer", s.Spec.Type),
			"write type: ClusterIP if that is all you need")
	}
	if len(s.Spec.ExternalIPs) > 0 {
		r.warn("ExternalIPsIgnored", at("spec", "externalIPs"),
			"externalIPs are ignored: they let a Service take over any address (CVE-2020-8554)",
			"for the addresses of an external service write an EndpointSlice; for a fixed virtual IP write clusterIP")
	}
}
