//go:build linux

package install

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

const byAddress = `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: web, namespace: DEMO}
spec:
  ports: [{port: 80, targetPort: 8080}]
  targets: [{name: both, addresses: [10.0.1.25, 10.0.1.26]}]
`

const byName = `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: named, namespace: DEMO}
spec:
  ports: [{port: 80, targetPort: 8080}]
  targets: [{name: primary, hostname: www.example.com}]
`

// TestHelm is the life of a release: installed, used, upgraded, uninstalled and
// installed again.
func TestHelm(t *testing.T) {
	s := newSite(t)
	notes := s.helm(t, "install", "fairlead", chart, "--wait", "--timeout=3m")
	if want := "kubectl get xsvc -A"; !strings.Contains(notes, want) {
		t.Errorf("the notes do not name the next command, %s:\n%s", want, notes)
	}
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"two replicas are ready and one leads", s.ready},
		{"it serves", s.serves},
		{"the kernel confines it", s.confined},
		{"its rights are enough", s.rightsAreEnough},
		{"its rights are the least", s.rightsAreLeast},
		{"people have rights", s.peopleHaveRights},
		{"its page and metrics are reached", s.page},
		{"upgrade", s.upgrade},
		{"it ends in order", s.ends},
		{"uninstall", s.uninstall},
		{"install again", func(t *testing.T) {
			s.helm(t, "install", "fairlead", chart, "--wait", "--timeout=3m")
			s.ready(t)
		}},
	} {
		if !t.Run(part.name, part.run) {
			return // what follows rests on it
		}
	}
}

// TestManifest is the same with kubectl alone.
func TestManifest(t *testing.T) {
	s := newSite(t)
	manifest := filepath.Join(root, "deploy", "install.yaml")
	s.kubectl(t, "apply", "-f", manifest)
	s.kubectl(t, "rollout", "status", "deployment/fairlead-controller", "-n", system, "--timeout=3m")
	s.ready(t)
	s.serves(t)
	s.rightsAreEnough(t)
	s.kubectl(t, "apply", "-f", manifest) // as an upgrade does
	s.kubectl(t, "delete", "-f", manifest, "-l", "app.kubernetes.io/component=controller")
	s.stays(t)
}

func (s site) ready(t *testing.T) {
	if got := s.kubectl(t, "get", "deployment/fairlead-controller", "-n", system, "-o", "jsonpath={.status.readyReplicas}/{.status.replicas}"); got != "2/2" {
		t.Errorf("%s replicas are ready, want 2/2", got)
	}
	pods := s.kubectl(t, "get", "pods", "-n", system, "-o", "jsonpath={.items[*].metadata.name}")
	s.until(t, func(ctx context.Context) error {
		holder, err := s.holder(ctx)
		if name, _, _ := strings.Cut(holder, "_"); err != nil || name == "" || !strings.Contains(pods, name) {
			return fmt.Errorf("the lease is held by %q (%v), want one of %s", holder, err, pods)
		}
		return nil
	})
}

func (s site) holder(ctx context.Context) (string, error) {
	return s.Kubectl(ctx, "get", "lease/fairlead-controller", "-n", system, "-o", "jsonpath={.spec.holderIdentity}")
}

// serves: a Pod reaches hosts outside by their names inside, by targets with
// addresses and with a name.
func (s site) serves(t *testing.T) {
	if err := s.OutsideDNS().Set("www.example.com. 2 A 10.0.1.25"); err != nil {
		t.Fatal(err)
	}
	s.apply(t, byAddress+"---"+byName)
	s.kubectl(t, "wait", "--for=condition=Ready", "xsvc/web", "xsvc/named", "pod/client", "-n", s.demo, "--timeout=60s")
	s.fetches(t, "http://web", "10.0.1.25 serves 10.244.0.")
	s.fetches(t, "http://web", "10.0.1.26 serves 10.244.0.")
	s.fetches(t, "http://named."+s.demo+".svc.cluster.local", "10.0.1.25 serves 10.244.0.")
}

// page: the status page and the metrics are behind the chart's Service.
func (s site) page(t *testing.T) {
	ip := s.kubectl(t, "get", "service/fairlead-controller", "-n", system, "-o", "jsonpath={.spec.clusterIP}")
	s.fetches(t, "http://"+ip+":8053/metrics", "fairlead_build_info{")
	s.fetches(t, "http://"+ip+":8053/", "<title>Fairlead")
}

// upgrade: a value takes effect, and what it does not concern is not written.
func (s site) upgrade(t *testing.T) {
	version := func() string {
		return s.kubectl(t, "get", "endpointslices", "-n", s.demo, "-l", "kubernetes.io/service-name=named", "-o", "jsonpath={.items[*].metadata.resourceVersion}")
	}
	before := version()
	s.helm(t, "upgrade", "fairlead", chart, "--wait", "--timeout=3m", "--set-json", `forbidCIDRs=["10.0.1.26/32"]`)
	s.until(t, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "get", "endpointslices", "-n", s.demo, "-l", "kubernetes.io/service-name=web", "-o", "jsonpath={.items[*].endpoints[*].addresses[*]}")
		if out != "10.0.1.25" {
			return fmt.Errorf("%q is published (%v), want 10.0.1.25 alone: the other address is forbidden now", out, err)
		}
		return nil
	})
	s.ready(t)
	if after := version(); after != before || before == "" {
		t.Errorf("the slice of a Service that the upgrade does not concern went from version %q to %q", before, after)
	}
	if logs := s.logs(t); strings.Contains(strings.ToLower(logs), "forbidden: user") {
		t.Errorf("something was forbidden:\n%s", logs)
	}
}

// ends: replicas that are told to stop give the lease back.
func (s site) ends(t *testing.T) {
	s.helm(t, "upgrade", "fairlead", chart, "--wait", "--timeout=3m", "--set=replicas=0")
	s.until(t, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "get", "pods", "-n", system, "-l", "app.kubernetes.io/name=fairlead", "-o", "name")
		if err != nil || out != "" {
			return fmt.Errorf("there still is %q (%v)", out, err)
		}
		return nil
	})
	if holder, err := s.holder(t.Context()); holder != "" || err != nil {
		t.Errorf("the lease is still held by %q (%v): the replica did not end in order", holder, err)
	}
	s.helm(t, "upgrade", "fairlead", chart, "--wait", "--timeout=3m")
}

// uninstall: the controller goes, and what clients use stays.
func (s site) uninstall(t *testing.T) {
	s.helm(t, "uninstall", "fairlead", "--wait", "--timeout=3m")
	s.stays(t)
}

// stays: without a controller, the definition, what people wrote and what was
// published are as they were.
func (s site) stays(t *testing.T) {
	s.until(t, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "get", "pods,deployments,services,clusterrolebindings", "-n", system, "-l", "app.kubernetes.io/name=fairlead", "-o", "name")
		if err != nil || out != "" {
			return fmt.Errorf("there still is %q (%v)", out, err)
		}
		return nil
	})
	s.kubectl(t, "get", "crd/externalservices.fairlead.dev")
	s.kubectl(t, "get", "xsvc/web", "service/web", "-n", s.demo)
	s.fetches(t, "http://web", "10.0.1.25 serves 10.244.0.")
}
