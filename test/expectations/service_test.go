//go:build linux

package expectations

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// at applies a service on port 80 of places that listen on 8080.
func (w *world) at(name string, addresses ...string) {
	w.t.Helper()
	w.external(name, fmt.Sprintf(`{ports: [{name: http, port: 80, targetPort: 8080}], targets: [{name: all, addresses: [%s]}]}`, strings.Join(addresses, ", ")))
}

// Services "should be rejected when no endpoints exist", and of "should be
// rejected for evicted pods (no endpoints exist)" what is not about Pods: over
// TCP and over UDP, also once the last endpoint has gone.
func TestRefusedWithoutEndpoints(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(80).udp(80)
	w.external("web", fmt.Sprintf(`
  ports: [{name: tcp, port: 80, protocol: TCP}, {name: udp, port: 80, protocol: UDP}]
  targets: [{name: only, hostname: %s}]
  resolution: {minInterval: 200ms, maxInterval: 200ms, missingGrace: 0s}`, w.name("web")))
	ip := w.clusterIP("web")
	w.refuses("TCP", ip, 80)
	w.refuses("UDP", ip, 80)
	w.records("web 0 A 10.0.1.25")
	w.tcp("web", 80, "10.0.1.25:80")
	w.udp("web", 80, "10.0.1.25:80")
	w.forget("web")
	w.refuses("TCP", ip, 80)
	w.refuses("UDP", ip, 80)
}

// Services "should preserve source pod IP for traffic thru service cluster IP":
// the outside sees who asks.
func TestSourceAddressIsKept(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.at("web", "10.0.1.25")
	ip := w.clusterIP("web")
	for _, pod := range clients() {
		own := w.kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}")
		w.eventually(func(ctx context.Context) error {
			seen, err := w.exec(ctx, pod, "curl", "-sS", "--max-time", "3", "http://"+ip+"/from")
			if err == nil && strings.TrimSpace(seen) != own {
				err = fmt.Errorf("the outside sees %q, want the address of Pod %s, %s", seen, pod, own)
			}
			return err
		})
	}
}

// Services "should be able to up and down services".
func TestServicesUpAndDown(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.site("10.0.1.26").web(8080)
	one, two := []string{"10.0.1.25:8080"}, []string{"10.0.1.25:8080", "10.0.1.26:8080"}
	w.at("up-down-1", "10.0.1.25")
	w.at("up-down-2", "10.0.1.25", "10.0.1.26")
	w.tcp("up-down-1", 80, one...)
	w.tcp("up-down-2", 80, two...)
	ip1, ip2 := w.clusterIP("up-down-1"), w.clusterIP("up-down-2")

	w.remove("up-down-1")
	w.gone("up-down-1")
	w.finds("unanswered", "TCP", ip1, 80)
	w.exists(w.host("up-down-1"), false)
	w.tcp("up-down-2", 80, two...)

	w.at("up-down-3", "10.0.1.26")
	w.tcp("up-down-2", 80, two...)
	w.tcp("up-down-3", 80, "10.0.1.26:8080")
	w.keeps("up-down-2", ip2)
}

// Services "should work after the service has been recreated", by deleting the
// ExternalService, and by deleting the Service below it.
func TestServiceIsRecreated(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.at("web", "10.0.1.25")
	w.tcp("web", 80, "10.0.1.25:8080")

	w.remove("web")
	w.gone("web")
	w.at("web", "10.0.1.25")
	w.tcp("web", 80, "10.0.1.25:8080")

	before, err := w.service(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	w.kubectl("delete", "service", "web")
	w.eventually(func(ctx context.Context) error {
		now, err := w.service(ctx, "web")
		if err == nil && now.UID == before.UID {
			err = fmt.Errorf("Service web is still the one that was deleted")
		}
		return err
	})
	w.tcp("web", 80, "10.0.1.25:8080")
}

// Services "should delete a collection of services".
func TestCollectionIsDeleted(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	for _, name := range []string{"a", "b", "c"} {
		w.at(name, "10.0.1.25")
		w.tcp(name, 80, "10.0.1.25:8080")
	}
	w.kubectl("label", "externalservice", "a", "b", "wanted=no")
	w.kubectl("delete", "externalservices", "-l", "wanted=no")
	w.gone("a")
	w.gone("b")
	w.tcp("c", 80, "10.0.1.25:8080")
}
