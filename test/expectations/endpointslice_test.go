//go:build linux

package expectations

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// EndpointSlice "should create and delete EndpointSlices for a Service with a
// selector that matches no pods": a service of which nothing is known yet.
func TestSlicesWithoutEndpoints(t *testing.T) {
	w := newWorld(t)
	w.external("empty", `{ports: [{name: example, port: 80}], targets: [{name: nobody, hostname: nobody.example.com}]}`)
	ip := w.clusterIP("empty")
	w.publishes("empty")
	w.refuses("TCP", ip, 80)
	w.remove("empty")
	w.gone("empty")
}

// EndpointSlice "should create Endpoints and EndpointSlices for Pods matching a
// Service": a port with a number of its own, one that the endpoints name, and
// slices that are deleted.
func TestSlicesOfEndpoints(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(3000)
	w.site("10.0.1.26").web(3001)
	w.records("a 60 A 10.0.1.25", "b 60 A 10.0.1.26",
		"_example._tcp 60 SRV 0 1 3000 "+w.name("a")+".", "_example._tcp 60 SRV 0 1 3001 "+w.name("b")+".")
	w.external("number", `{ports: [{name: example, port: 80, targetPort: 3000}], targets: [{name: one, addresses: [10.0.1.25]}]}`)
	w.external("named", fmt.Sprintf(`{ports: [{name: http, port: 80}], targets: [{name: both, srv: %s}]}`, w.name("_example._tcp")))
	w.publishes("number", "10.0.1.25 example=3000/TCP")
	w.publishes("named", "10.0.1.25 http=3000/TCP", "10.0.1.26 http=3001/TCP")
	w.tcp("named", 80, "10.0.1.25:3000", "10.0.1.26:3001")

	w.kubectl("delete", "endpointslices", "-l", "kubernetes.io/service-name=named")
	w.publishes("named", "10.0.1.25 http=3000/TCP", "10.0.1.26 http=3001/TCP")
	w.tcp("named", 80, "10.0.1.25:3000", "10.0.1.26:3001")
}

// TestSeveralPortsOfOneAddress is TestOneAddressInSeveralSlices where both ports
// share a slice, as they do for an address outside.
func TestSeveralPortsOfOneAddress(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8090, 9090)
	w.external("web", `
  ports:
  - {name: port80, port: 80, targetPort: 8090}
  - {name: port81, port: 81, targetPort: 9090}
  targets: [{name: one, addresses: [10.0.1.25]}]`)
	w.tcp("web", 80, "10.0.1.25:8090")
	w.tcp("web", 81, "10.0.1.25:9090")
}

// EndpointSlice "should support a Service with multiple endpoint IPs specified
// in multiple EndpointSlices": more endpoints than one slice holds, each of
// them reached.
func TestEndpointsInSeveralSlices(t *testing.T) {
	w := newWorld(t)
	site := w.site("10.0.1.101").web(8080, 9090)
	addrs, web, admin := "10.0.1.101", []string{"10.0.1.101:8080"}, []string{"10.0.1.101:9090"}
	for i := 102; i <= 230; i++ {
		a := fmt.Sprintf("10.0.1.%d", i)
		site.also(a)
		addrs += ", " + a
		web, admin = append(web, a+":8080"), append(admin, a+":9090")
	}
	w.external("web", fmt.Sprintf(`
  ports:
  - {name: port80, port: 80, targetPort: 8080}
  - {name: port81, port: 81, targetPort: 9090}
  targets: [{name: all, addresses: [%s]}]`, addrs))
	w.tcp("web", 80, web...)
	w.tcp("web", 81, admin...)
	w.eventually(func(ctx context.Context) error {
		if all, err := w.slices(ctx, "web"); err != nil || len(all) < 2 {
			return errors.Join(err, fmt.Errorf("%d slices for %d endpoints, want several", len(all), len(web)))
		}
		return nil
	})
}

// TestUnreadyByHand: who marks an endpoint unready takes it out of the traffic,
// until Fairlead, which knows better, brings it back.
func TestUnreadyByHand(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.at("web", "10.0.1.25")
	w.tcp("web", 80, "10.0.1.25:8080")
	all, err := w.slices(t.Context(), "web")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d slices, want one: %v", len(all), err)
	}
	w.kubectl("patch", "endpointslice", all[0].Name, "--type=json", "-p", `[{"op": "replace", "path": "/endpoints/0/conditions", "value": {"ready": false}}]`)
	w.eventually(func(ctx context.Context) error {
		now, err := w.slices(ctx, "web")
		if err == nil && (len(now) != 1 || len(now[0].Endpoints) != 1 || now[0].Endpoints[0].Conditions.Ready == nil || !*now[0].Endpoints[0].Conditions.Ready) {
			err = fmt.Errorf("the endpoint is not ready again: %v", now)
		}
		return err
	})
	w.tcp("web", 80, "10.0.1.25:8080")
}
