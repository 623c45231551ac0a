//go:build linux

package kube

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ownAddress is an address of this machine that an endpoint may have.
func ownAddress(t *testing.T) netip.Addr {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is4() && p.Addr().IsGlobalUnicast() {
			return p.Addr()
		}
	}
	t.Skip("this machine has no address but loopback, which is none for an endpoint in a cluster")
	return netip.Addr{}
}

// redis answers like a Redis that has one password, until the test ends.
func redis(t *testing.T, password string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", netip.AddrPortFrom(ownAddress(t), 0).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go converse(c, password)
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// converse answers what a probe asks: each request is a line of its own for each
// word, and its length before it.
func converse(c net.Conn, password string) {
	defer c.Close()
	in := false
	for lines := bufio.NewScanner(c); lines.Scan(); {
		switch word := strings.TrimSpace(lines.Text()); {
		case word == password:
			in = true
			fmt.Fprint(c, "+OK\r\n")
		case word == "PING" && in:
			fmt.Fprint(c, "+PONG\r\n")
		case word == "PING":
			fmt.Fprint(c, "-NOAUTH Authentication required.\r\n")
		}
	}
}

const cache = `apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: %[1]s}
spec:
  ports: [{port: %[2]d}]
  targets: [{name: a, addresses: [%[3]q]}]
  probe: {interval: 100ms, redis: {credentialsSecretRef: {name: %[1]s}}}
`

// TestCredentials: a Secret is used once it is there and its owner consents, and the
// status says what is missing until then.
func TestCredentials(t *testing.T) {
	const s3cret = "hunter2"
	at := redis(t, s3cret)
	w, ctl := start(t)
	missing := func(name, part string) {
		t.Helper()
		w.apply(fmt.Sprintf(cache, name, at.Port(), at.Addr()))
		if message := w.says(name, "Healthy", metav1.ConditionFalse, "CredentialsMissing"); !strings.Contains(message, part) {
			t.Errorf("it says %q, want %q", message, part)
		}
		w.eventually("the address's reason", func() string {
			if a := w.external(name).Status.Targets[0].Addresses[0]; a.Reason != "CredentialsMissing" || !strings.Contains(a.Message, part) {
				return fmt.Sprintf("%+v", a)
			}
			return ""
		})
		w.publishes(name, at.String()) // the last that is known
	}
	missing("early", "there is no Secret "+w.ns+"/early in the cluster")
	w.kubectl("create", "secret", "generic", "early", "--from-literal=password="+s3cret)
	w.kubectl("create", "secret", "generic", "later", "--from-literal=password="+s3cret)
	missing("later", "Secret "+w.ns+"/later does not consent")
	for _, name := range []string{"early", "later"} {
		w.kubectl("annotate", "secret", name, "fairlead.dev/allow-probe=true")
		w.says(name, "Healthy", metav1.ConditionTrue, "ProbesPass")
	}

	w.kubectl("patch", "secret", "early", "-p", `{"stringData": {"password": "wrong"}}`)
	w.says("early", "Healthy", metav1.ConditionFalse, "AllEndpointsDown") // rotated, and used

	told := w.kubectl("get", "xsvc,services,endpointslices,events", "-o", "yaml") + ctl.Log()
	if strings.Contains(told, s3cret) {
		t.Error("the password is told")
	}
}

// TestProbedRestart: what a controller that starts anew finds it leaves as it is, its
// history and a pin included.
func TestProbedRestart(t *testing.T) {
	here := ownAddress(t)
	w, first := start(t)
	w.apply(fmt.Sprintf(`apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db}
spec:
  ports: [{port: 1}]
  targets: [{name: primary, addresses: [%q]}, {name: standby, priority: 1, addresses: [%q]}]
  probe: {interval: 100ms, failureThreshold: 1}
`, here, here))
	w.says("db", "Healthy", metav1.ConditionFalse, "AllEndpointsDown") // nothing listens there
	w.kubectl("annotate", "xsvc", "db", "fairlead.dev/pin=standby", "fairlead.dev/pinned-by=maria")
	w.event("db", "Pinned", "from primary to standby: standby is pinned by maria")
	w.settle()
	if a := w.external("db").Status.Active; a.Pinned == nil || a.Pinned.By != "maria" || a.Summary != "standby (pinned)" {
		t.Errorf("the tier is %+v", a)
	}
	before, film := w.all("db"), w.film()

	first.Kill()
	another(t, w.c)
	w.settle()
	wants(t, w.all("db"), before)
	film.noNeedlessWrite()
}
