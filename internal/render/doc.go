// Package render turns what was decided for a service into the Kubernetes
// objects that say so: one Service without selector and its EndpointSlices, a
// headless Service with a hostname for each target, or an ExternalName Service.
//
// [Render] is pure. It is given the EndpointSlices that stand, and returns the
// smallest set of writes that makes them right, since each write of a slice
// delays everybody's next one in kube-proxy.
//
// It reads and writes no API server, keeps no state and decides nothing. v1
// Endpoints are never rendered.
package render
