//go:build linux

package expectations

import (
	"fmt"
	"testing"
)

const byHand = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NAMESPACE}
spec:
  ports:
  - {name: http, port: 80, protocol: TCP}
  - {name: dns, port: 53, protocol: UDP}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: NAMESPACE, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports:
- {name: http, port: 8080, protocol: TCP}
- {name: dns, port: 5300, protocol: UDP}
endpoints: [%s]
`

// TestJudges has the judges look at Services and EndpointSlices that the test
// writes itself, so that it is them who are on trial: what they find wrong with
// Fairlead is then Fairlead's. It also shows that nobody else writes slices.
func TestJudges(t *testing.T) {
	w := newBareWorld(t)
	w.site("10.0.1.25").web(8080).udp(5300)
	b := w.site("10.0.1.26").web(8080).udp(5300)
	set := func(endpoints string) { w.apply(fmt.Sprintf(byHand, endpoints)) }

	set("{addresses: [10.0.1.25]}, {addresses: [10.0.1.26]}")
	w.tcp("web", 80, "10.0.1.25:8080", "10.0.1.26:8080")
	w.udp("web", 53, "10.0.1.25:5300", "10.0.1.26:5300")
	ip := w.clusterIP("web")
	w.answers(w.host("web"), "A", ip)
	w.answers("_http._tcp."+w.host("web"), "SRV", "0 100 80 "+w.host("web")+".")

	set("{addresses: [10.0.1.26]}")
	w.tcp("web", 80, "10.0.1.26:8080")
	w.udp("web", 53, "10.0.1.26:5300")

	// What does not answer is not taken for what refuses.
	if err := b.Unplug(); err != nil {
		t.Fatal(err)
	}
	w.finds("unanswered", "TCP", ip, 80)
	w.finds("unanswered", "UDP", ip, 53)
	set("{addresses: [10.0.1.26], conditions: {ready: false}}")
	w.finds("refused", "TCP", ip, 80)
	w.finds("refused", "UDP", ip, 53)

	set("{addresses: [10.0.1.25]}")
	w.finds("served", "TCP", ip, 80)
	w.finds("served", "UDP", ip, 53)
	w.finds("refused", "TCP", ip, 81) // the virtual IP has no such port
	w.finds("refused", "UDP", ip, 80)
	w.kubectl("delete", "service", "web")
	w.finds("unanswered", "TCP", ip, 80) // it is nobody's any more
}
