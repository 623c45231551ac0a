//go:build linux

package install

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

const account = "system:serviceaccount:" + system + ":fairlead-controller"

// rightsAreEnough: the controller does all that it ever does, and nothing is
// refused to it, neither by its own word nor by the API server's count.
func (s site) rightsAreEnough(t *testing.T) {
	s.doEverything(t)
	if logs := s.logs(t); strings.Contains(strings.ToLower(logs), "forbidden: user") {
		t.Errorf("something was forbidden:\n%s", logs)
	}
	for line := range s.refusals(t) {
		if !s.before[line] {
			t.Errorf("the API server refused a request: %s", line)
		}
	}
}

// refusals are the API server's counts of requests that somebody had no right to.
func (s site) refusals(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for line := range strings.Lines(s.kubectl(t, "get", "--raw", "/metrics")) {
		if strings.HasPrefix(line, "apiserver_request_total{") && strings.Contains(line, `code="403"`) {
			all[line] = true
		}
	}
	return all
}

const annotated = `
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: DEMO, annotations: {fairlead.dev/hostname: www.example.com}}
spec: {ports: [{port: 80, targetPort: 8080}]}
`

const loggedIn = `
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: DEMO, annotations: {fairlead.dev/allow-probe: "true"}}
stringData: {password: s3cret}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: cache, namespace: DEMO}
spec:
  type: Headless
  ports: [{port: 6379}]
  targets: [{name: a, addresses: [10.0.1.25]}]
  probe: {interval: 100ms, redis: {credentialsSecretRef: {name: login}}}
`

// doEverything has the controller use each of its rights.
func (s site) doEverything(t *testing.T) {
	shows := func(want string, args ...string) {
		t.Helper()
		s.until(t, func(ctx context.Context) error {
			out, err := s.Kubectl(ctx, append([]string{"get", "-n", s.demo}, args...)...)
			if out != want {
				return fmt.Errorf("%q shows %q (%v), want %q", args, out, err, want)
			}
			return nil
		})
	}
	const typeOf, addresses = "-o=jsonpath={.spec.type}/{.spec.clusterIP}", "-o=jsonpath={.items[*].endpoints[*].addresses[*]}"
	for _, c := range []struct{ kind, want string }{
		{"Headless", "ClusterIP/None"}, // by way of ExternalName, as a ClusterIP is for ever
		{"ExternalName", "ExternalName/"},
	} {
		s.kubectl(t, "patch", "xsvc/named", "-n", s.demo, "--type=merge", "-p", `{"spec":{"type":"`+c.kind+`"}}`)
		shows(c.want, "service/named", typeOf)
	}
	shows("", "endpointslices", "-l=kubernetes.io/service-name=named", addresses)
	s.kubectl(t, "patch", "service/web", "-n", s.demo, "--type=json", "-p", `[{"op":"replace","path":"/spec/ports/0/port","value":81}]`)
	shows("80", "service/web", "-o=jsonpath={.spec.ports[*].port}")
	s.kubectl(t, "label", "endpointslices", "-n", s.demo, "-l=kubernetes.io/service-name=web", "service.kubernetes.io/headless=")
	shows("", "endpointslices", "-l=kubernetes.io/service-name=web,service.kubernetes.io/headless", "-o=name")
	s.apply(t, annotated)
	shows("10.0.1.25", "endpointslices", "-l=kubernetes.io/service-name=plain", addresses)
	s.kubectl(t, "annotate", "service/plain", "-n", s.demo, "fairlead.dev/hostname-")
	shows("", "endpointslices", "-l=kubernetes.io/service-name=plain", addresses)
	s.kubectl(t, "delete", "service/plain", "-n", s.demo)
	s.kubectl(t, "patch", "xsvc/named", "-n", s.demo, "--type=merge", "-p", `{"spec":{"type":"ClusterIP"}}`)
	shows("10.0.1.25", "endpointslices", "-l=kubernetes.io/service-name=named", addresses)
	s.mayLogIn(t)
	s.apply(t, loggedIn)
	shows("ConnectionRefused", "xsvc/cache", "-o=jsonpath={.status.targets[0].addresses[0].reason}") // it has come so far
	s.kubectl(t, "delete", "xsvc/cache", "secret/login", "-n", s.demo)
	for kind, namespace := range map[string]string{"Lease": system, "ExternalService": s.demo} {
		s.until(t, func(ctx context.Context) error {
			out, err := s.Kubectl(ctx, "get", "events", "-n", namespace, "--field-selector", "involvedObject.kind="+kind, "-o", "name")
			if err != nil || out == "" {
				return fmt.Errorf("there is no event of a %s (%v)", kind, err)
			}
			return nil
		})
	}
}

// mayLogIn gives the right to read Secrets where probes need it, as docs/install.md says:
// nothing that is installed has it.
func (s site) mayLogIn(t *testing.T) {
	s.kubectl(t, "create", "rolebinding", "fairlead-probe-credentials", "-n", s.demo,
		"--clusterrole=fairlead-probe-credentials", "--serviceaccount="+system+":fairlead-controller")
	s.until(t, func(context.Context) error {
		if got := s.can(t, account, "get secrets/login -n "+s.demo); got != "yes" {
			return fmt.Errorf("the controller may read the Secret: %s", got)
		}
		return nil
	})
}

// rightsAreLeast: what the controller has no use for is not permitted to it.
func (s site) rightsAreLeast(t *testing.T) {
	for _, c := range []struct {
		can  string
		want string
	}{
		{"list services -A", "yes"}, // or the questions below are not asked as it
		{"create leases.coordination.k8s.io -n " + system, "yes"},
		{"update leases.coordination.k8s.io/fairlead-controller -n " + system, "yes"},
		{"update leases.coordination.k8s.io/other -n " + system, "no"},
		{"create leases.coordination.k8s.io -n kube-system", "no"},
		{"delete leases.coordination.k8s.io/fairlead-controller -n " + system, "no"},
		{"get externalservices.fairlead.dev -n default", "no"},
		{"create externalservices.fairlead.dev -n default", "no"},
		{"update externalservices.fairlead.dev -n default", "no"},
		{"delete externalservices.fairlead.dev -n default", "no"},
		{"delete services -n default", "no"},
		{"get secrets/probe -n " + s.demo, "yes"}, // by mayLogIn
		{"get secrets/probe -n default", "no"},
		{"list secrets -n default", "no"},
		{"watch secrets -n default", "no"},
		{"list secrets -n " + system, "no"},
		{"update secrets/probe -n default", "no"},
		{"create secrets -n default", "no"},
		{"get configmaps -n " + system, "no"},
		{"list pods -n " + system, "no"},
		{"create pods -n " + system, "no"},
		{"list namespaces", "no"},
		{"list nodes", "no"},
		{"create endpoints -n default", "no"},
		{"update endpoints -n default", "no"},
		{"create events -n default", "no"},
		{"update services -n default --subresource=status", "no"},
		{"create serviceaccounts -n " + system + " --subresource=token", "no"},
		{"update servicecidrs.networking.k8s.io", "no"},
		{"update customresourcedefinitions.apiextensions.k8s.io", "no"},
		{"bind clusterroles.rbac.authorization.k8s.io", "no"},
		{"impersonate users", "no"},
	} {
		if got := s.can(t, account, c.can); got != c.want {
			t.Errorf("can the controller %s: %s, want %s", c.can, got, c.want)
		}
	}
}

// can asks the API server whether a user may; kubectl fails where it says no.
func (s site) can(t *testing.T, user, what string) string {
	t.Helper()
	cmd := s.Command(t.Context(), append([]string{"auth", "can-i", "--as=" + user}, strings.Fields(what)...)...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && stdout.String() != "no\n" {
		t.Fatalf("may %s %s: %v\n%s", user, what, err, stderr.String())
	}
	return strings.TrimSpace(stdout.String())
}

const binding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ROLE, namespace: DEMO}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ROLE}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ROLE-user}]
`

// peopleHaveRights: who may view, edit or administer a namespace may do so with its
// ExternalServices, and with nobody else's.
func (s site) peopleHaveRights(t *testing.T) {
	for _, role := range []string{"view", "edit", "admin"} {
		s.apply(t, strings.ReplaceAll(binding, "ROLE", role))
	}
	s.until(t, func(context.Context) error { // Kubernetes adds the rules to its roles a little later
		for _, c := range []struct {
			user, verb, suffix, want string
		}{
			{"view-user", "list", "", "yes"},
			{"view-user", "create", "", "no"},
			{"view-user", "delete", "", "no"},
			{"edit-user", "watch", "", "yes"},
			{"edit-user", "create", "", "yes"},
			{"edit-user", "patch", "", "yes"},
			{"edit-user", "delete", "", "yes"},
			{"edit-user", "update", " --subresource=status", "no"},
			{"admin-user", "create", "", "yes"},
			{"admin-user", "update", " --subresource=status", "no"},
		} {
			if got := s.can(t, c.user, c.verb+" externalservices.fairlead.dev -n "+s.demo+c.suffix); got != c.want {
				return fmt.Errorf("may %s %s%s ExternalServices: %s, want %s", c.user, c.verb, c.suffix, got, c.want)
			}
		}
		return nil
	})
	if got := s.can(t, "edit-user", "create externalservices.fairlead.dev -n default"); got != "no" {
		t.Errorf("somebody who may edit namespace %s may create ExternalServices in another", s.demo)
	}
	for user, want := range map[string]string{"edit-user": "externalservice.fairlead.dev/theirs created", "view-user": "cannot create resource"} {
		cmd := s.Command(t.Context(), "create", "-f", "-", "--as="+user)
		cmd.Stdin = strings.NewReader(strings.NewReplacer("DEMO", s.demo, "web", "theirs").Replace(byAddress))
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), want) {
			t.Errorf("%s creates an ExternalService: %s, want %q", user, out, want)
		}
	}
}
