//go:build linux

package cluster

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

	"fairlead.dev/test/lab"
)

// shared is the node that the tests below have in common.
var shared = NewShared(Options{Node: true})

const toolsImage = "fairlead.test/tools:1"

// world is one test's namespace, with a Pod named client in it. The namespace is
// a new one each time, also if a test is run again.
type world struct {
	*Cluster
	t         *testing.T
	namespace string
}

// newWorld makes the namespace and a Pod of the image, and waits until it runs.
func newWorld(t *testing.T, namespace, image string) world {
	t.Helper()
	w := world{Cluster: shared.Get(t), t: t, namespace: namespace + "-" + strings.ToLower(rand.Text()[:6])}
	w.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: NAMESPACE}\n")
	t.Cleanup(func() {
		if _, err := w.Kubectl(context.Background(), "delete", "namespace", w.namespace, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	w.until(func(ctx context.Context) error {
		return w.api.do(ctx, "GET", "/api/v1/namespaces/"+w.namespace+"/serviceaccounts/default", nil)
	})
	w.apply(fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: NAMESPACE}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: %q, imagePullPolicy: Never}]
`, image))
	w.kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=60s")
	return w
}

// apply applies manifests, in which NAMESPACE stands for the world's.
func (w world) apply(manifests string) {
	w.t.Helper()
	manifests = strings.ReplaceAll(manifests, "NAMESPACE", w.namespace)
	if err := w.Apply(w.t.Context(), []byte(manifests)); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) kubectl(args ...string) string {
	w.t.Helper()
	out, err := w.Kubectl(w.t.Context(), append([]string{"--namespace=" + w.namespace}, args...)...)
	if err != nil {
		events, _ := w.Kubectl(w.t.Context(), "--namespace="+w.namespace, "get", "events")
		w.t.Fatalf("%v\n%s", err, events)
	}
	return out
}

// exec runs a command in the Pod and returns what it prints, also if it fails.
func (w world) exec(args ...string) (string, error) {
	w.t.Helper()
	cmd := w.Command(w.t.Context(), append([]string{"--namespace=" + w.namespace, "exec", "client", "--"}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// prints runs a command in the Pod until it prints what is wanted.
func (w world) prints(want string, args ...string) {
	w.t.Helper()
	w.until(func(context.Context) error {
		out, err := w.exec(args...)
		if !strings.Contains(out, want) {
			return fmt.Errorf("%q printed %q (%v), want %q in it", args, out, err, want)
		}
		return nil
	})
}

func (w world) until(try func(context.Context) error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	if err := poll(ctx, 50*time.Millisecond, try); err != nil {
		w.t.Fatal(err)
	}
}

// host is one outside, for as long as the test runs.
func (w world) host(name, addr string) *lab.Host {
	w.t.Helper()
	h, err := w.Outside().Host(name, addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := h.Remove(); err != nil {
			w.t.Error(err)
		}
	})
	return h
}

// website is a host outside that says who it is and who asks, on port 8080.
func (w world) website(addr string) {
	w.t.Helper()
	host := w.host("web-"+addr, addr)
	listener, err := host.Listen(":8080")
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(out, "%s serves %s", addr, from)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	w.t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
}

func TestAPodRunsAndTakesCommands(t *testing.T) {
	w := newWorld(t, "runs", BusyboxImage)
	w.prints("hello from Linux", "sh", "-c", "echo hello from $(uname)")
	w.prints("nameserver 10.96.0.10", "cat", "/etc/resolv.conf")
	if logs := w.kubectl("logs", "client"); logs != "" {
		t.Errorf("the Pod logged %q, want nothing", logs)
	}
}

const outsideService = `
apiVersion: v1
kind: Service
metadata: {name: metrics, namespace: NAMESPACE}
spec: {ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: metrics-1, namespace: NAMESPACE, labels: {kubernetes.io/service-name: metrics}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.0.1.25]}]
`

// TestAPodReachesOutsideThroughAService: a Service without a selector, by name
// and through kube-proxy; and its endpoint moves.
func TestAPodReachesOutsideThroughAService(t *testing.T) {
	w := newWorld(t, "reaches", BusyboxImage)
	w.website("10.0.1.25")
	w.website("10.0.1.26")
	w.apply(outsideService)
	get := []string{"timeout", "5", "wget", "-q", "-O", "-", "http://metrics"}
	w.prints("10.0.1.25 serves 10.244.0.", get...) // the outside sees the Pod itself
	w.apply(strings.Replace(outsideService, "10.0.1.25", "10.0.1.26", 1))
	w.prints("10.0.1.26 serves 10.244.0.", get...)
}

const inside = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NAMESPACE}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: fairlead.test/busybox:1
        imagePullPolicy: Never
        command: [sh, -c, "mkdir /tmp/www; hostname >/tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www"]
        readinessProbe: {httpGet: {port: 8080, path: /}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NAMESPACE}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`

// TestPodsReachEachOther: through a Service with a selector, which needs the
// controllers, the kubelet's probes and translation between Pods of one node;
// and a Pod reaches the API server with its own account.
func TestPodsReachEachOther(t *testing.T) {
	w := newWorld(t, "inside", BusyboxImage)
	w.apply(inside)
	w.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
	for _, pod := range strings.Fields(w.kubectl("get", "pods", "-l=app=web", "-o=jsonpath={.items[*].metadata.name}")) {
		w.prints(pod, "timeout", "5", "wget", "-q", "-O", "-", "http://web")
	}
	w.prints("web-", "timeout", "5", "wget", "-q", "-O", "-", "http://web."+w.namespace+".svc.cluster.local")
}

// TestAPodSeesTheOutsideDNSFail: CoreDNS forwards to the outside server, whose
// faults reach the Pod.
func TestAPodSeesTheOutsideDNSFail(t *testing.T) {
	w := newWorld(t, "faults", importTools(t))
	if err := w.OutsideDNS().Set("db.example.com. 2 A 10.0.1.25"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.OutsideDNS().Fault(lab.Faults{}) })
	dig := []string{"dig", "+tries=1", "+time=3", "db.example.com"}
	w.prints("10.0.1.25", dig...)
	w.OutsideDNS().Fault(lab.Faults{Rcode: lab.RcodeServfail})
	w.prints("status: SERVFAIL", dig...)
	w.OutsideDNS().Fault(lab.Faults{Quiet: true})
	w.prints("timed out", dig...)
	w.OutsideDNS().Fault(lab.Faults{Delay: 100 * time.Millisecond, Loss: 0.2})
	w.prints("10.0.1.25", dig...)
	w.OutsideDNS().Fault(lab.Faults{})
	if err := w.OutsideDNS().Delete("db.example.com."); err != nil {
		t.Fatal(err)
	}
	w.prints("status: NXDOMAIN", dig...)
}

// TestPodsRunRealClients: psql, curl and dig of the machine, in a Pod.
func TestPodsRunRealClients(t *testing.T) {
	w := newWorld(t, "clients", importTools(t))
	pg, err := w.host("pg", "10.0.1.30").Postgres("warehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pg.Kill)
	w.prints("warehouse", "psql", "-h", "10.0.1.30", "-U", "postgres", "-Atc", "SHOW cluster_name")
	w.prints("10.96.0.1", "dig", "+short", "kubernetes.default.svc.cluster.local")
	w.prints(kubeVersion, "sh", "-c", `cd /var/run/secrets/kubernetes.io/serviceaccount && `+
		`curl -sS --cacert ca.crt -H "Authorization: Bearer $(cat token)" https://kubernetes.default.svc/version`)
}

// importTools imports the image of real clients.
func importTools(t *testing.T) string {
	t.Helper()
	lab.Skip(t, "curl", "dig", "psql")
	c := shared.Get(t)
	img, err := Tools(toolsImage, "curl", "dig", "psql")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Import(t.Context(), img); err != nil {
		t.Fatal(err)
	}
	return img.Name
}

// hardened is a Pod as restricted as a Pod can be, with limits.
const hardened = `
apiVersion: v1
kind: Pod
metadata: {name: hello, namespace: NAMESPACE}
spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: main
    image: fairlead.test/hello:1
    imagePullPolicy: Never
    resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 500m, memory: 64Mi}}
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
`

func TestAPodRunsAGoProgram(t *testing.T) {
	w := newWorld(t, "program", BusyboxImage)
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module hello\n\ngo 1.26\n", "main.go": hello} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := goCommand(t.Context(), dir, "build", "-o", "hello", ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	img := Binary("fairlead.test/hello:1", filepath.Join(dir, "hello"))
	if err := w.Import(t.Context(), img); err != nil {
		t.Fatal(err)
	}
	w.apply(hardened)
	w.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/hello", "--timeout=60s")
	if logs := w.kubectl("logs", "hello"); logs != "hello\n" {
		t.Errorf("the program printed %q", logs)
	}
}

// TestARootfsIsAnImage: what a folder holds is what the Pod sees.
func TestARootfsIsAnImage(t *testing.T) {
	c := shared.Get(t)
	dir := t.TempDir()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bin", "busybox"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("busybox", filepath.Join(dir, "bin", "sleep")); err != nil {
		t.Fatal(err)
	}
	img, err := Rootfs("fairlead.test/rootfs:1", dir, "/bin/sleep", "2147483647")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Import(t.Context(), img); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, "rootfs", img.Name)
	w.prints("busybox", "/bin/busybox", "ls", "-l", "/bin/sleep")
}
