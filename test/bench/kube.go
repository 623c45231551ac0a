//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/group"
	"fairlead.dev/test/cluster"
)

// kubeNamespace is where everything is that the sections on a cluster make.
const kubeNamespace = "bench"

// kube is a cluster with the CRD, and a client that nothing slows down.
type kube struct {
	*bench
	tier   *cluster.Cluster
	client client.WithWatch
	config *rest.Config
	ports  int // of the status pages of controllers
}

// runKube starts a cluster that ends with the section.
func (b *bench) runKube(ctx context.Context, o cluster.Options) (*kube, error) {
	b.progress("starting a cluster; a first build takes minutes")
	tier, err := cluster.Up(ctx, o, b.log)
	if err != nil {
		return nil, err
	}
	b.atEnd(func() {
		if err := tier.Stop(); err != nil {
			b.progress("%v", err)
		}
	})
	k := &kube{bench: b, tier: tier, ports: 18053}
	if err := k.installCRD(ctx); err != nil {
		return nil, err
	}
	if k.config, err = clientcmd.BuildConfigFromFlags("", tier.Kubeconfig()); err != nil {
		return nil, err
	}
	k.config.QPS = -1
	log.SetLogger(klog.Background())
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	if k.client, err = client.NewWithWatch(k.config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	return k, k.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: kubeNamespace}})
}

func (k *kube) installCRD(ctx context.Context) error {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("find the repository: %w", err)
	}
	root := filepath.Dir(string(bytes.TrimSpace(mod)))
	crd, err := os.ReadFile(filepath.Join(root, "deploy", "crds", "fairlead.dev_externalservices.yaml"))
	if err != nil {
		return err
	}
	if err := k.tier.Apply(ctx, crd); err != nil {
		return err
	}
	_, err = k.tier.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=60s", "crd/externalservices.fairlead.dev")
	return err
}

// controller is one running `fairlead controller`.
type controller struct {
	*process
	page   string
	client *http.Client
}

// runController starts a controller as the chart has it, with leader election,
// and waits until it is ready.
func (k *kube) runController(ctx context.Context, upstream string) (*controller, error) {
	k.ports++
	at := "127.0.0.1:" + strconv.Itoa(k.ports)
	words := slices.Concat(k.tier.Enter(), []string{
		k.binary, "controller", "--kubeconfig", k.tier.PartsKubeconfig(), "--leader-election-namespace", "default",
		"--http-listen", at, "--upstream", upstream,
	})
	p, err := k.start("controller", exec.Command(words[0], words[1:]...))
	if err != nil {
		return nil, err
	}
	c := &controller{process: p, page: "http://" + at, client: &http.Client{Transport: &http.Transport{DialContext: k.tier.Dial, DisableKeepAlives: true}}}
	return c, until(ctx, startLimit, func() error {
		if err := p.alive(); err != nil {
			return &finalError{err}
		}
		resp, err := c.client.Get(c.page + "/readyz")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	})
}

// stop tells a controller to end, and waits until it has.
func (c *controller) stop() error {
	proc, err := os.FindProcess(c.pid)
	if err != nil {
		return err
	}
	if err := proc.Signal(os.Interrupt); err != nil {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(startLimit):
		return fmt.Errorf("the controller did not end within %s", startLimit)
	}
}

// finalError is one that no further try mends.
type finalError struct{ error }

// until tries every few milliseconds until it works.
func until(ctx context.Context, limit time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		if final := new(finalError); errors.As(err, &final) || !pause(ctx, 5*time.Millisecond) {
			return err
		}
	}
}

// kubeWriters is how many requests a client here has under way when it is to be
// quick: as many as the controller has publishers.
const kubeWriters = 16

// inParallel calls f for 0 to n-1, kubeWriters at the same time.
func inParallel(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	parts, ctx := group.New(ctx)
	for w := range kubeWriters {
		parts.Go(func() error {
			for i := w; i < n; i += kubeWriters {
				if err := f(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return parts.Wait()
}
