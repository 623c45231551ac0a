//go:build linux

package crd

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"os"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"fairlead.dev/test/cluster"
)

const (
	crdFile = "../../deploy/crds/fairlead.dev_externalservices.yaml"
	objects = "/apis/fairlead.dev/v1alpha1/namespaces/default/externalservices"
)

// tier is an API server that knows the CRD.
type tier struct {
	*cluster.Cluster
	http   *http.Client
	server string
	token  string
}

// start starts the control tier and installs the CRD.
func start(t *testing.T) *tier {
	t.Helper()
	c := cluster.Start(t, cluster.Options{ServiceCIDR: netip.MustParsePrefix("127.102.0.0/16")})
	crd, err := os.ReadFile(crdFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), crd); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Kubectl(t.Context(), "wait", "--for=condition=Established", "crd/externalservices.fairlead.dev"); err != nil {
		t.Fatal(err)
	}
	return connect(t, c)
}

// connect reads the kubeconfig. A kubectl for each of a few hundred requests
// would take a minute.
func connect(t *testing.T, c *cluster.Cluster) *tier {
	t.Helper()
	text, err := os.ReadFile(c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string
				CA     []byte `json:"certificate-authority-data"`
				CAFile string `json:"certificate-authority"`
			}
		}
		Users []struct{ User struct{ Token string } }
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	k := config.Clusters[0].Cluster
	if k.CAFile != "" {
		if k.CA, err = os.ReadFile(k.CAFile); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(k.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &tier{Cluster: c, http: &http.Client{Transport: transport}, server: k.Server, token: config.Users[0].User.Token}
}

// create puts an object to the API server, which checks it and stores nothing.
// It returns the object as it would be stored, or why it is refused.
func (k *tier) create(t *testing.T, path string, object any) ([]byte, *metav1.Status) {
	t.Helper()
	body, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.server+path+"?dryRun=All&fieldValidation=Strict", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+k.token)
	resp, err := k.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode < 300 {
		return answer, nil
	}
	status := new(metav1.Status)
	if err := json.Unmarshal(answer, status); err != nil {
		t.Fatalf("%s: %v in %s", resp.Status, err, answer)
	}
	return nil, status
}
