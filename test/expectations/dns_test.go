//go:build linux

package expectations

import (
	"testing"
)

// twins is a headless service and one with a virtual IP, of the same two places.
const twins = `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: headless, namespace: NAMESPACE}
spec:
  type: Headless
  ports: [{name: http, port: 80, targetPort: 8080}]
  targets:
  - {name: primary, addresses: [10.0.1.25]}
  - {name: standby, addresses: [10.0.1.26]}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: regular, namespace: NAMESPACE}
spec:
  ports: [{name: http, port: 80, targetPort: 8080}]
  targets:
  - {name: primary, addresses: [10.0.1.25]}
  - {name: standby, addresses: [10.0.1.26]}
`

// DNS "should provide DNS for services": A and SRV records of a headless
// service, SRV records of one with a virtual IP, and the name of that IP.
func TestDNSOfServices(t *testing.T) {
	w := newWorld(t)
	w.apply(twins)
	ip := w.clusterIP("regular")
	headless, regular := w.host("headless"), w.host("regular")
	w.answers(headless, "A", "10.0.1.25", "10.0.1.26")
	w.answers("_http._tcp."+headless, "SRV", "0 50 8080 primary."+headless+".", "0 50 8080 standby."+headless+".")
	w.answers(regular, "A", ip)
	w.answers("_http._tcp."+regular, "SRV", "0 100 80 "+regular+".")
	w.answers(reverse(ip), "PTR", regular+".")
}

// DNS "should resolve DNS of partial qualified names for services", and DNS
// HostNetwork "should resolve DNS of partial qualified names for services on
// hostNetwork pods with dnsPolicy: ClusterFirstWithHostNet", which is what the
// other client is.
func TestDNSOfPartialNames(t *testing.T) {
	w := newWorld(t)
	w.apply(twins)
	ip := w.clusterIP("regular")
	for _, below := range []string{"", "." + w.namespace, "." + w.namespace + ".svc"} {
		w.answers("headless"+below, "A", "10.0.1.25", "10.0.1.26")
		w.answers("regular"+below, "A", ip)
	}
	headless, regular := w.host("headless"), w.host("regular")
	w.answers("_http._tcp.headless."+w.namespace+".svc", "SRV", "0 50 8080 primary."+headless+".", "0 50 8080 standby."+headless+".")
	w.answers("_http._tcp.regular."+w.namespace+".svc", "SRV", "0 100 80 "+regular+".")
}

// DNS "should provide DNS for pods for Hostname" and "should provide DNS for
// pods for Subdomain": what stands behind a headless service has a name of its
// own below it. With Fairlead those are the targets; a name of the outside DNS
// that has several addresses is one of them.
func TestDNSOfTargets(t *testing.T) {
	w := newWorld(t)
	w.records("cluster 60 A 10.0.1.26", "cluster 60 A 10.0.1.27")
	w.external("kafka", `
  type: Headless
  targets:
  - {name: kafka-0, addresses: [10.0.1.25]}
  - {name: kafka-1, hostname: `+w.name("cluster")+`}`)
	w.answers("kafka-0."+w.host("kafka"), "A", "10.0.1.25")
	w.answers("kafka-1."+w.host("kafka"), "A", "10.0.1.26", "10.0.1.27")
	w.answers("kafka-1.kafka", "A", "10.0.1.26", "10.0.1.27")
	w.answers(w.host("kafka"), "A", "10.0.1.25", "10.0.1.26", "10.0.1.27")
	w.exists("kafka-2."+w.host("kafka"), false)

	w.kubectl("patch", "externalservice", "kafka", "--type=merge", "-p", `{"spec":{"targets":[{"name":"kafka-1","hostname":"`+w.name("cluster")+`"}]}}`)
	w.exists("kafka-0."+w.host("kafka"), false)
	w.answers(w.host("kafka"), "A", "10.0.1.26", "10.0.1.27")
}

// DNS "should provide DNS for ExternalName services": the alias, an edit of it,
// and the address that takes its place.
func TestDNSOfExternalName(t *testing.T) {
	w := newWorld(t)
	w.records("foo 60 A 10.0.1.25", "bar 60 A 10.0.1.26")
	alias := func(label string) {
		w.external("db", `{type: ExternalName, targets: [{name: only, hostname: `+w.name(label)+`}]}`)
		w.answers(w.host("db"), "CNAME", w.name(label)+".")
	}
	alias("foo")
	w.answers(w.host("db"), "A", w.name("foo")+".", "10.0.1.25")
	alias("bar")
	w.answers(w.host("db"), "A", w.name("bar")+".", "10.0.1.26")

	w.external("db", `{ports: [{name: http, port: 80}], targets: [{name: only, hostname: `+w.name("bar")+`}]}`)
	w.answers(w.host("db"), "CNAME")
	w.answers(w.host("db"), "A", w.clusterIP("db"))
}
