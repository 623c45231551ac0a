// Package kube is the Kubernetes edge: it gives the engine what ExternalServices
// and annotated Services want, and carries the engine's decisions out as
// Services, EndpointSlices, status and events.
//
// It decides nothing: what is published comes from package failover, how it looks
// as objects from package render, what a spec means from package convert.
package kube
