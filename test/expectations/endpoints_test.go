//go:build linux

package expectations

import (
	"fmt"
	"testing"
)

// Services "should serve a basic endpoint from pods": no endpoint, one, two, the
// other, none. The outside DNS is what brings and takes them.
func TestEndpointsComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.site("10.0.1.26").web(8080)
	w.external("web", fmt.Sprintf(`
  ports: [{name: http, port: 80, targetPort: 8080}]
  targets: [{name: only, hostname: %s}]
  resolution: {minInterval: 200ms, maxInterval: 200ms, missingGrace: 0s}`, w.name("web")))
	ip := w.clusterIP("web")
	w.refuses("TCP", ip, 80)
	w.records("web 0 A 10.0.1.25")
	w.tcp("web", 80, "10.0.1.25:8080")
	w.records("web 0 A 10.0.1.25", "web 0 A 10.0.1.26")
	w.tcp("web", 80, "10.0.1.25:8080", "10.0.1.26:8080")
	w.records("web 0 A 10.0.1.26")
	w.tcp("web", 80, "10.0.1.26:8080")
	w.forget("web")
	w.refuses("TCP", ip, 80)
	w.keeps("web", ip)
}

// Services "should serve multiport endpoints from pods": two ports with names,
// and endpoints that come and go below both. An endpoint that has one of the
// ports only cannot be written for Fairlead.
func TestSeveralPorts(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(100, 101)
	w.site("10.0.1.26").web(100, 101)
	at := func(addresses string) {
		w.external("web", fmt.Sprintf(`
  ports:
  - {name: portname1, port: 80, targetPort: 100}
  - {name: portname2, port: 81, targetPort: 101}
  targets: [{name: all, addresses: [%s]}]`, addresses))
	}
	at("10.0.1.25")
	ip := w.clusterIP("web")
	w.tcp("web", 80, "10.0.1.25:100")
	w.tcp("web", 81, "10.0.1.25:101")
	at("10.0.1.25, 10.0.1.26")
	w.tcp("web", 80, "10.0.1.25:100", "10.0.1.26:100")
	w.tcp("web", 81, "10.0.1.25:101", "10.0.1.26:101")
	at("10.0.1.26")
	w.tcp("web", 80, "10.0.1.26:100")
	w.tcp("web", 81, "10.0.1.26:101")
	w.keeps("web", ip)
}

// Services "should be updated after adding or deleting ports".
func TestPortsAreAddedAndDeleted(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(100, 101)
	with := func(ports string) {
		w.external("web", fmt.Sprintf(`{ports: [%s], targets: [{name: only, addresses: [10.0.1.25]}]}`, ports))
	}
	const one, two = "{name: portname1, port: 80, targetPort: 100}", "{name: portname2, port: 81, targetPort: 101}"
	with(one)
	ip := w.clusterIP("web")
	w.tcp("web", 80, "10.0.1.25:100")
	with(one + ", " + two)
	w.tcp("web", 80, "10.0.1.25:100")
	w.tcp("web", 81, "10.0.1.25:101")
	with(one)
	w.publishes("web", "10.0.1.25 portname1=100/TCP")
	w.refuses("TCP", ip, 81)
	w.tcp("web", 80, "10.0.1.25:100")
	w.keeps("web", ip)
}

// Services "should serve endpoints on same port and different protocols", and of
// "should be able to update service type to NodePort listening on same port
// number but different protocols" what is not about NodePort.
func TestTwoProtocolsOfOnePort(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080).udp(8080)
	with := func(ports string) {
		w.external("web", fmt.Sprintf(`{ports: [%s], targets: [{name: only, addresses: [10.0.1.25]}]}`, ports))
	}
	const tcp, udp = "{name: tcp-port, port: 80, targetPort: 8080, protocol: TCP}", "{name: udp-port, port: 80, targetPort: 8080, protocol: UDP}"
	with(tcp + ", " + udp)
	ip := w.clusterIP("web")
	w.tcp("web", 80, "10.0.1.25:8080")
	w.udp("web", 80, "10.0.1.25:8080")
	with(tcp)
	w.tcp("web", 80, "10.0.1.25:8080")
	w.refuses("UDP", ip, 80)
	with(udp)
	w.udp("web", 80, "10.0.1.25:8080")
	w.refuses("TCP", ip, 80)
	w.keeps("web", ip)
}

// Services "should support named targetPorts that resolve to different ports on
// different endpoints": with Fairlead it is SRV records that say so.
func TestPortsThatDifferByEndpoint(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080, 8000)
	w.site("10.0.1.26").web(8080, 8000)
	w.records("a 60 A 10.0.1.25", "b 60 A 10.0.1.26")
	at := func(a, b int) {
		w.records(fmt.Sprintf("_web._tcp 0 SRV 0 1 %d %s.", a, w.name("a")), fmt.Sprintf("_web._tcp 0 SRV 0 1 %d %s.", b, w.name("b")))
	}
	at(8080, 8080)
	w.external("web", fmt.Sprintf(`
  ports: [{name: http, port: 8001}]
  targets: [{name: both, srv: %s}]
  resolution: {minInterval: 200ms, maxInterval: 200ms}`, w.name("_web._tcp")))
	w.tcp("web", 8001, "10.0.1.25:8080", "10.0.1.26:8080")
	at(8000, 8080)
	w.tcp("web", 8001, "10.0.1.25:8000", "10.0.1.26:8080")
	at(8000, 8000)
	w.tcp("web", 8001, "10.0.1.25:8000", "10.0.1.26:8000")
}
