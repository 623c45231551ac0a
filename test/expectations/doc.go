// Package expectations holds Fairlead to what Kubernetes expects of a Service:
// the tests of kubernetes/kubernetes, test/e2e/network, that speak of endpoints,
// names, types and refusals, said again for Services that the controller makes.
// README.md lists every one of them, with ours or with why it does not apply.
//
// The judges are the cluster's own parts and real clients in Pods: kube-proxy,
// CoreDNS, curl and dig. The cluster's controllers of Endpoints, EndpointSlices
// and their mirroring do not run, so that whatever traffic arrives got there by
// what Fairlead wrote.
//
// It has no code of its own, imports nothing of the product and asserts no
// timings.
package expectations
