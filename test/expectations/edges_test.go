//go:build linux

package expectations

import (
	"testing"
)

const (
	onePort = "{name: http, port: 80}"
	webPort = "{name: http, port: 8080}"
)

// Services "should be able to connect to terminating and unready endpoints if
// PublishNotReadyAddresses is true": the endpoints of such a Service stand as
// ready although they are not, and terminate.
func TestUnreadyEndpointsArePublished(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.inner(onePort, [2]string{webPort, "{addresses: [10.0.1.25], conditions: {ready: true, serving: false, terminating: true}}"})
	w.tcp("inner", 80, "10.0.1.25:8080")
	w.inside(onePort)
	w.tcp("web", 80, "10.0.1.25:8080")
}

// Services "should fallback to terminating endpoints when there are no ready
// endpoints with internalTrafficPolicy=Cluster".
func TestFallsBackToTerminatingEndpoints(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.site("10.0.1.26").web(8080)
	const terminating = "{addresses: [10.0.1.25], conditions: {ready: false, serving: true, terminating: true}}"
	w.inner(onePort, [2]string{webPort, terminating})
	w.tcp("inner", 80, "10.0.1.25:8080")
	w.inside(onePort)
	w.tcp("web", 80, "10.0.1.25:8080")
	w.inner(onePort, [2]string{webPort, terminating + ", {addresses: [10.0.1.26], conditions: {ready: true}}"})
	w.tcp("inner", 80, "10.0.1.26:8080")
	w.tcp("web", 80, "10.0.1.26:8080")
}

// DNS "should work with a service name that starts with a digit": a plain
// Service of such a name, whose endpoints Fairlead keeps.
func TestNameThatBeginsWithADigit(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.records("web 60 A 10.0.1.25")
	w.apply(`
apiVersion: v1
kind: Service
metadata: {name: 1web, namespace: NAMESPACE, annotations: {fairlead.dev/hostname: ` + w.name("web") + `}}
spec: {ports: [{port: 80, targetPort: 8080}]}
`)
	w.answers(w.host("1web"), "A", w.clusterIP("1web"))
	w.tcp("1web", 80, "10.0.1.25:8080")
}
