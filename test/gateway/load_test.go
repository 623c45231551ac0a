//go:build linux

package gateway

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/lab"
)

// pace is how many connections a second the clients open.
const pace = 1000

// pair is a service with a gateway and two targets outside, each a real nginx that says
// its name.
type pair struct {
	*site
	hosts   map[string]*lab.Host
	servers map[string]*lab.Server
}

func newPair(t *testing.T, s *site) *pair {
	t.Helper()
	p := &pair{site: s, hosts: make(map[string]*lab.Host), servers: make(map[string]*lab.Server)}
	for name, addr := range map[string]string{"a": "10.0.1.25", "b": "10.0.1.26"} {
		p.hosts[name] = p.host(name, addr)
		server, err := p.hosts[name].Nginx(name, fmt.Sprintf(`access_log off; keepalive_timeout 1h;
server { listen 80 backlog=4096; location / { return 200 "%s\n"; } }`, name))
		if err != nil {
			t.Fatal(err)
		}
		p.servers[name] = server
	}
	return p
}

// serve makes a service of both targets, with these words in its gateway, and returns how
// clients on the node connect to it.
func (p *pair) serve(name, gateway string) func(context.Context) (net.Conn, error) {
	p.t.Helper()
	p.apply(fmt.Sprintf(`
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: %s, namespace: DEMO}
spec:
  ports: [{port: 80}]
  targets: [{name: a, addresses: [10.0.1.25]}, {name: b, addresses: [10.0.1.26]}]
  probe: {interval: 1s, timeout: 500ms, failureThreshold: 2, http: {}}
  gateway: {%s}
`, name, gateway))
	p.kubectl("wait", "--for=condition=Ready", "xsvc/"+name, "-n", p.demo, "--timeout=60s")
	addr := net.JoinHostPort(p.kubectl("get", "service", name, "-n", p.demo, "-o=jsonpath={.spec.clusterIP}"), "80")
	dial := func(ctx context.Context) (net.Conn, error) { return p.NodeHost().Dial(ctx, "tcp", addr) }
	l := load{dial: dial}
	p.until("the gateway answers", func(ctx context.Context) error {
		_, err := l.ask(ctx)
		return err
	})
	return dial
}

// published waits until the targets' slices say that an address is ready, or is not.
func (p *pair) published(name, addr string, ready bool) time.Time {
	p.t.Helper()
	p.until(addr+" is published", func(ctx context.Context) error {
		out, err := p.Kubectl(ctx, "get", "endpointslices", "-n", p.demo, "-l", "fairlead.dev/gateway=targets,fairlead.dev/service-name="+name,
			"-o", `jsonpath={range .items[*].endpoints[*]}{.addresses[0]}={.conditions.ready} {end}`)
		if err == nil && !strings.Contains(out, fmt.Sprintf("%s=%v", addr, ready)) {
			err = fmt.Errorf("published is %q", out)
		}
		return err
	})
	return time.Now()
}

// spared is that no connection failed, but for those that were under way while it happened:
// which began before to and ended after from.
func spared(t *testing.T, tries []try, from, to time.Time) {
	t.Helper()
	under := 0
	for _, f := range failed(tries) {
		if f.began.Before(to) && f.ended.After(from) {
			under++
			continue
		}
		t.Errorf("began %v after, took %v: %v", f.began.Sub(to), f.ended.Sub(f.began), f.err)
	}
	slowest := time.Duration(0)
	for _, f := range tries {
		slowest = max(slowest, f.ended.Sub(f.began))
	}
	t.Logf("%d connections, %d of them under way when it happened failed; %v; the slowest took %v", len(tries), under, shares(tries), slowest)
}

// targetDies in the middle of many connections: none that begins then fails. A process
// that hangs is connected to by its kernel, and only a probe finds out.
func targetDies(t *testing.T, s *site) {
	p := newPair(t, s)
	dial := p.serve("web", "")
	for _, c := range []struct {
		name         string
		strike, heal func() error
		hangs        bool
	}{
		{"killed", func() error { p.servers["a"].Kill(); return nil }, p.servers["a"].Start, false},
		{"unplugged", p.hosts["a"].Unplug, p.hosts["a"].Plug, false},
		{"hung", p.servers["a"].Pause, p.servers["a"].Resume, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.published("web", "10.0.1.25", true)
			l := begin(t.Context(), pace, dial)
			time.Sleep(2 * time.Second)
			from := time.Now()
			if err := c.strike(); err != nil {
				t.Error(err)
			}
			to := time.Now()
			gone := p.published("web", "10.0.1.25", false)
			time.Sleep(2 * time.Second)
			tries := l.end()
			if err := c.heal(); err != nil {
				t.Fatal(err)
			}
			t.Logf("published as not ready after %v", gone.Sub(from))
			if c.hangs {
				to = gone
			}
			spared(t, tries, from, to)
			if n := shares(tries); n["a"] < pace/2 || n["b"] < pace/2 {
				t.Errorf("answered were %v, want both", n)
			}
		})
	}
}

// standingConnections to a target that is cut off end as onTargetDown says.
func standingConnections(t *testing.T, s *site) {
	p := newPair(t, s)
	const n = 50
	stand := func(name, gateway string) *held {
		dial := p.serve(name, gateway)
		h, err := hold(t.Context(), n, dial)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = h.close() })
		return h
	}
	closing := stand("closing", "onTargetDown: Close")
	draining := stand("draining", "onTargetDown: Drain, drainTimeout: 5s")
	if err := p.hosts["a"].Unplug(); err != nil {
		t.Fatal(err)
	}
	gone := p.published("closing", "10.0.1.25", false)
	drained := p.published("draining", "10.0.1.25", false)
	ends := func(h *held, what string) time.Time {
		var last time.Time
		p.until(what, func(context.Context) error {
			var over map[string]int
			if over, last = h.over(); over["a"] != h.leads["a"] {
				return fmt.Errorf("ended have %v of %v, want those of a", over, h.leads)
			}
			return nil
		})
		return last
	}
	closed := ends(closing, "connections that are to be closed end")
	if over, _ := draining.over(); len(over) > 0 {
		t.Errorf("%v connections ended that may run on", over)
	}
	deadline := ends(draining, "connections that drain end")
	t.Logf("closed %v after it was seen as published, drained after %v", closed.Sub(gone), deadline.Sub(drained))
	for _, h := range []*held{closing, draining} {
		if over, _ := h.over(); over["b"] != 0 {
			t.Errorf("%v ended, also those to the target that lives", over)
		}
	}
}

// rollingRestart of the gateway under load loses nothing.
func rollingRestart(t *testing.T, s *site) {
	p := newPair(t, s)
	dial := p.serve("web", "")
	l := begin(t.Context(), pace, dial)
	time.Sleep(time.Second)
	p.kubectl("rollout", "restart", "deployment/fairlead-gateway", "-n", system)
	p.kubectl("rollout", "status", "deployment/fairlead-gateway", "-n", system, "--timeout=3m")
	p.until("the old Pods are gone", func(ctx context.Context) error {
		out, err := p.Kubectl(ctx, "get", "pods", "-n", system, "-l", "app.kubernetes.io/component=gateway", "-o", "name")
		if err == nil && strings.Count(out, "\n") != 2 {
			err = fmt.Errorf("there are %s", out)
		}
		return err
	})
	time.Sleep(time.Second)
	tries := l.end()
	spared(t, tries, time.Time{}, time.Time{})
}

// alone: without the controller and the API server a gateway serves what it knows,
// and goes around a target that dies. It leaves the site without a controller.
func alone(t *testing.T, s *site) {
	p := newPair(t, s)
	dial := p.serve("web", "")
	p.kubectl("scale", "deployment/fairlead-controller", "--replicas=0", "-n", system)
	p.until("the controller is gone", func(ctx context.Context) error {
		out, err := p.Kubectl(ctx, "get", "pods", "-n", system, "-l", "app.kubernetes.io/component=controller", "-o", "name")
		if err == nil && out != "" {
			err = fmt.Errorf("there is %s", out)
		}
		return err
	})
	if err := p.Kill(t.Context(), "kube-apiserver"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Restart(context.Background(), "kube-apiserver"); err != nil {
			t.Fatal(err)
		}
	}()
	l := begin(t.Context(), pace, dial)
	time.Sleep(2 * time.Second)
	from := time.Now()
	p.servers["a"].Kill()
	to := time.Now()
	time.Sleep(15 * time.Second) // longer than an endpoint that failed is tried last
	tries := l.end()
	spared(t, tries, from, to)
}
