//go:build linux

package install

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/cluster"
)

// shared is the node that the tests below have in common. There is one Fairlead in
// a cluster, so each of them removes what it installs. Its API server is as strict
// about owners as some distributions' are.
var shared = cluster.NewShared(cluster.Options{Node: true, AdmissionPlugins: []string{"OwnerReferencesPermissionEnforcement"}})

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

const system = "fairlead-system"

// site is a cluster that Fairlead is installed in, and the namespace of somebody
// who uses it, with a Pod named client.
type site struct {
	*cluster.Cluster
	demo string
	// before are the refusals that the API server counted before there was a
	// controller.
	before map[string]bool
}

// newSite imports the image as `make image` makes it, and makes the namespaces. It
// takes away at the end what the installation leaves on purpose.
func newSite(t *testing.T) site {
	t.Helper()
	s := site{Cluster: shared.Get(t), demo: "demo-" + strings.ToLower(rand.Text()[:6])}
	importImage(t, s.Cluster)
	s.website(t, "10.0.1.25")
	s.website(t, "10.0.1.26")
	t.Cleanup(func() { s.remove(t) })
	s.kubectl(t, "apply", "-f", filepath.Join(root, "deploy", "namespace.yaml"))
	s.kubectl(t, "create", "namespace", s.demo)
	s.until(t, func(ctx context.Context) error {
		_, err := s.Kubectl(ctx, "get", "serviceaccount", "default", "-n", s.demo)
		return err
	})
	s.before = s.refusals(t)
	s.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: DEMO}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "`+cluster.BusyboxImage+`", imagePullPolicy: Never}]
`)
	return s
}

// importImage makes the image that the chart asks for, for this machine, and gives
// it to the node.
func importImage(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "image.tar")
	cmd := exec.CommandContext(t.Context(), "go", "run", ".", "-o", out, "-platform", "linux/"+goarch(t))
	cmd.Dir = filepath.Join(root, "deploy", "image")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make the image: %v\n%s", err, said)
	}
	name := render(t)[deployment].at(container("image")...).(string)
	if err := c.ImportFile(t.Context(), name, out); err != nil {
		t.Fatal(err)
	}
}

func goarch(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// remove deletes everything, also the definition of the kind.
func (s site) remove(t *testing.T) {
	for _, args := range [][]string{
		{"delete", "namespace", system, s.demo},
		{"delete", "crd", "externalservices.fairlead.dev"},
		{"delete", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=fairlead"},
	} {
		if _, err := s.Kubectl(context.Background(), append(args, "--ignore-not-found")...); err != nil {
			t.Error(err)
		}
	}
}

// kubectl runs kubectl and returns what it prints. Of a failure events and logs are
// told.
func (s site) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.Kubectl(t.Context(), args...)
	if err != nil {
		events, _ := s.Kubectl(t.Context(), "get", "events", "-A")
		t.Fatalf("%v\n%s\n%s", err, events, s.logs(t))
	}
	return out
}

// apply applies manifests, in which DEMO stands for the namespace.
func (s site) apply(t *testing.T, manifests string) {
	t.Helper()
	if err := s.Apply(t.Context(), []byte(strings.ReplaceAll(manifests, "DEMO", s.demo))); err != nil {
		t.Fatal(err)
	}
}

// helm runs Helm against this cluster.
func (s site) helm(t *testing.T, args ...string) string {
	t.Helper()
	out, err := helm(t, s.Kubeconfig(), append(args, "--namespace="+system)...)
	if err != nil {
		pods, _ := s.Kubectl(t.Context(), "describe", "pods", "-n", system)
		t.Fatalf("%v\n%s\n%s", err, pods, s.logs(t))
	}
	return out
}

// logs are all that the controller's replicas have said.
func (s site) logs(t *testing.T) string {
	t.Helper()
	out, err := s.Kubectl(t.Context(), "logs", "-n", system, "-l", "app.kubernetes.io/name=fairlead", "--prefix", "--tail=-1")
	if err != nil {
		t.Error(err)
	}
	return out
}

// until tries until it succeeds.
func (s site) until(t *testing.T, try func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%v\n%s", err, s.logs(t))
		}
	}
}

// fetches waits until the Pod named client gets an answer from a URL with want in it.
func (s site) fetches(t *testing.T, url, want string) {
	t.Helper()
	s.until(t, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "exec", "-n", s.demo, "client", "--", "timeout", "5", "wget", "-q", "-O", "-", url)
		if !strings.Contains(out, want) {
			return fmt.Errorf("%s: got %q (%v), want %q in it", url, out, err, want)
		}
		return nil
	})
}

// website is a host outside the cluster that says who it is, on port 8080.
func (s site) website(t *testing.T, addr string) {
	t.Helper()
	host, err := s.Outside().Host("web-"+addr, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Remove(); err != nil {
			t.Error(err)
		}
	})
	listener, err := host.Listen(":8080")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(out, "%s serves %s", addr, from)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
}
