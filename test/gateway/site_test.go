//go:build linux

package gateway

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/authority"
	"fairlead.dev/test/cluster"
	"fairlead.dev/test/lab"
	"fairlead.dev/test/servers"
)

const (
	root   = "../.."
	system = "fairlead-system"
	image  = "fairlead.test/tools:1"
)

// shared is the node that the tests of this package have in common.
var shared = cluster.NewShared(cluster.Options{Node: true})

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// site is a cluster with Fairlead and its gateway, a namespace with a Pod named client,
// and an authority that servers outside have their certificates from.
type site struct {
	*cluster.Cluster
	t    *testing.T
	demo string
	ca   *authority.Authority
	// grpc is a program that is a gRPC server, and a client.
	grpc string
}

// TestGateway plays everything on one installation of the chart, with a gateway of two
// Pods that drain quickly. What is installed ends with the cluster, which is this
// package's own.
func TestGateway(t *testing.T) {
	s := &site{Cluster: shared.Get(t), t: t, grpc: servers.Build(t, "grpchealth")}
	s.importImages()
	s.kubectl("apply", "-f", filepath.Join(root, "deploy", "namespace.yaml"))
	s.helm("install", "fairlead", "deploy/chart", "--wait", "--timeout=3m", "--set", "replicas=1,gateway.enabled=true,gateway.drainDelaySeconds=5,gateway.drainTimeoutSeconds=20")
	for _, c := range []struct {
		name string
		play func(*testing.T, *site)
	}{
		{"Secured", secured},
		{"Distrusted", distrusted},
		{"Policy", policy},
		{"TargetDies", targetDies},
		{"StandingConnections", standingConnections},
		{"Faults", faults},
		{"RollingRestart", rollingRestart},
		{"Alone", alone},
	} {
		t.Run(c.name, func(t *testing.T) { c.play(t, s.room(t)) })
	}
}

// room is the site in a namespace of the test's own.
func (s *site) room(t *testing.T) *site {
	t.Helper()
	room := &site{Cluster: s.Cluster, t: t, grpc: s.grpc, demo: "demo-" + strings.ToLower(rand.Text()[:6]), ca: authority.New(t, "Outside CA")}
	room.kubectl("create", "namespace", room.demo)
	t.Cleanup(func() {
		if _, err := s.Kubectl(context.Background(), "delete", "namespace", room.demo, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	room.until("the namespace has an account", func(ctx context.Context) error {
		_, err := room.Kubectl(ctx, "get", "serviceaccount", "default", "-n", room.demo)
		return err
	})
	room.apply(`
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: DEMO}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "` + image + `", imagePullPolicy: Never}]
`)
	room.kubectl("wait", "--for=condition=Ready", "pod/client", "-n", room.demo, "--timeout=60s")
	return room
}

// importImages gives the node the product's image and one with real clients.
func (s *site) importImages() {
	s.t.Helper()
	out := filepath.Join(s.t.TempDir(), "image.tar")
	cmd := exec.CommandContext(s.t.Context(), "go", "run", ".", "-o", out, "-platform", "linux/"+strings.TrimSpace(s.output("go", "env", "GOARCH")))
	cmd.Dir = filepath.Join(root, "deploy", "image")
	if said, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("make the image: %v\n%s", err, said)
	}
	rendered := s.helm("template", "fairlead", "deploy/chart")
	_, name, _ := strings.Cut(rendered, "image: ")
	name, _, _ = strings.Cut(name, "\n")
	if err := s.ImportFile(s.t.Context(), strings.Trim(name, `"`), out); err != nil {
		s.t.Fatal(err)
	}
	tools, err := cluster.Tools(image, "curl", "psql", s.grpc)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.Import(s.t.Context(), tools); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) output(words ...string) string {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), words[0], words[1:]...).Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return string(out)
}

// kubectl runs kubectl and returns what it prints. Of a failure events and logs are
// told.
func (s *site) kubectl(args ...string) string {
	s.t.Helper()
	out, err := s.Kubectl(s.t.Context(), args...)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.story())
	}
	return out
}

// story is what may explain a failure.
func (s *site) story() string {
	var b strings.Builder
	for _, args := range [][]string{
		{"get", "events", "-A"},
		{"get", "xsvc", "-n", s.demo, "-o", "yaml"},
		{"get", "endpointslices", "-n", s.demo, "-o", "wide"},
		{"logs", "-n", system, "-l", "app.kubernetes.io/name=fairlead", "--prefix", "--tail=100"},
	} {
		out, err := s.Kubectl(context.Background(), args...)
		fmt.Fprintf(&b, "--- kubectl %s\n%s", strings.Join(args, " "), out)
		if err != nil {
			fmt.Fprintln(&b, err)
		}
	}
	return b.String()
}

// apply applies manifests, in which DEMO stands for the namespace.
func (s *site) apply(manifests string) {
	s.t.Helper()
	if err := s.Apply(s.t.Context(), []byte(strings.ReplaceAll(manifests, "DEMO", s.demo))); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) helm(args ...string) string {
	s.t.Helper()
	home := s.t.TempDir()
	cmd := exec.Command("go", append([]string{"tool", "-modfile=tools/helm/go.mod", "helm", "--namespace=" + system}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("helm %s: %v\n%s%s", strings.Join(args, " "), err, said.String(), s.story())
	}
	return string(out)
}

// until tries until it succeeds.
func (s *site) until(what string, try func(context.Context) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			s.t.Fatalf("%s: %v\n%s", what, err, s.story())
		}
	}
}

// in runs a command in the Pod named client, and returns what it prints.
func (s *site) in(words ...string) (string, error) {
	return s.Kubectl(s.t.Context(), append([]string{"exec", "-n", s.demo, "client", "--"}, words...)...)
}

// curl is the answer to a request from the Pod: the body, and the status, or curl's own
// error.
func (s *site) curl(args ...string) string {
	out, err := s.in(append([]string{"curl", "-sS", "--max-time", "10", "-w", "\nstatus %{http_code}"}, args...)...)
	if err != nil {
		return err.Error()
	}
	return out
}

// host adds a host outside the cluster, which goes with the test.
func (s *site) host(name, addr string) *lab.Host {
	s.t.Helper()
	h, err := s.Outside().Host(name, addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := h.Remove(); err != nil {
			s.t.Error(err)
		}
	})
	return h
}

// names has the outside DNS say where hosts are.
func (s *site) names(records ...string) {
	s.t.Helper()
	if err := s.OutsideDNS().Set(records...); err != nil {
		s.t.Fatal(err)
	}
}

// files writes a certificate with its key as nginx reads them, and returns the lines of
// its config that name them.
func (s *site) files(c tls.Certificate) string {
	s.t.Helper()
	cert, key := authority.WritePair(s.t, s.t.TempDir(), c)
	return fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s;", cert, key)
}

// secret is a Secret of type kubernetes.io/tls.
func (s *site) secret(name string, c tls.Certificate) string {
	s.t.Helper()
	cert, key := authority.Encode(s.t, c)
	return fmt.Sprintf(`---
apiVersion: v1
kind: Secret
metadata: {name: %s, namespace: DEMO}
type: kubernetes.io/tls
data: {tls.crt: %s, tls.key: %s}
`, name, base64.StdEncoding.EncodeToString(cert), base64.StdEncoding.EncodeToString(key))
}

// authorities is a ConfigMap with the certificate of an authority.
func authorities(name string, a *authority.Authority) string {
	return fmt.Sprintf(`---
apiVersion: v1
kind: ConfigMap
metadata: {name: %s, namespace: DEMO}
data:
  ca.crt: |
%s
`, name, indented(a.PEM()))
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
