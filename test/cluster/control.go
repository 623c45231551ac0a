//go:build linux

package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// advertised is the address that the API server publishes as the endpoint of
// the kubernetes Service. Loopback is refused there, so it is one reserved for
// documentation; nothing ever dials it.
const advertised = "192.0.2.1"

// place says where the control plane runs and how it is reached.
type place struct {
	bind      netip.AddrPort // where the API server listens
	advertise string         // the endpoint of the kubernetes Service
	reach     netip.AddrPort // where the machine reaches the API server
}

// onLoopback is the place of a control tier without a node.
func (c *Cluster) onLoopback() (place, error) {
	held, err := reserve(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		return place{}, err
	}
	c.held = append(c.held, held)
	return place{bind: held.addr, advertise: advertised, reach: held.addr}, nil
}

// startControlPlane starts etcd and the API server side by side and waits
// until the latter is ready; it retries etcd by itself.
func (c *Cluster) startControlPlane(ctx context.Context, opts Options, at place) error {
	if err := c.writeCredentials(opts, at); err != nil {
		return err
	}
	etcd, err := c.launch(c.etcdSpec())
	if err != nil {
		return err
	}
	apiserver, err := c.launch(c.apiserverSpec(opts, at))
	if err != nil {
		return err
	}
	err = poll(ctx, 25*time.Millisecond, func(ctx context.Context) error {
		return c.api.do(ctx, "GET", "/readyz", nil)
	}, etcd, apiserver)
	if err != nil {
		return fmt.Errorf("wait for kube-apiserver: %w", err)
	}
	if len(opts.Controllers) == 0 {
		return nil
	}
	_, err = c.launch(c.controllersSpec(opts.Controllers))
	return err
}

// writeCredentials makes the files the parts read, and our own client.
func (c *Cluster) writeCredentials(opts Options, at place) error {
	first := opts.ServiceCIDR.Masked().Addr().Next() // of the kubernetes Service
	certs, err := newCertificates(opts.DNS.Zone, at.bind.Addr(), at.reach.Addr(), first)
	if err != nil {
		return err
	}
	token := rand.Text()
	c.api = newAPIClient("https://"+at.reach.String(), token, certs.ca)
	files := map[string]string{
		"ca.crt":     certs.ca,
		"api.crt":    certs.cert,
		"api.key":    certs.key,
		"sa.key":     certs.saKey,
		"sa.pub":     certs.saPub,
		"tokens.csv": token + `,admin,admin,"system:masters"` + "\n",
		"kubeconfig": kubeconfig(c.api.base, c.work.path("ca.crt"), token),
		"parts.conf": kubeconfig("https://"+at.bind.String(), c.work.path("ca.crt"), token),
		"Corefile":   opts.DNS.corefile(),
	}
	for name, text := range files {
		if err := c.work.write(name, text); err != nil {
			return err
		}
	}
	return nil
}

func kubeconfig(server, ca, token string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: admin, user: {token: %q}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
current-context: test
`, server, ca, token)
}

// etcdSocket needs no port, so nothing can be in its way.
func (c *Cluster) etcdSocket() string {
	return "unix://" + c.work.path("etcd.sock")
}

func (c *Cluster) etcdSpec() spec {
	return spec{name: "etcd", path: c.Bin("etcd"), args: []string{
		"--data-dir=" + c.work.path("etcd"),
		"--listen-client-urls=" + c.etcdSocket(),
		"--advertise-client-urls=http://127.0.0.1:2379", // etcd insists on a port; nobody reads it
		"--listen-peer-urls=unix://" + c.work.path("peer.sock"),
		"--unsafe-no-fsync",
		"--log-level=warn",
	}}
}

func (c *Cluster) apiserverSpec(opts Options, at place) spec {
	return spec{name: "kube-apiserver", path: c.Bin("kube-apiserver"), args: []string{
		"--etcd-servers=" + c.etcdSocket(),
		"--bind-address=" + at.bind.Addr().String(),
		"--secure-port=" + strconv.Itoa(int(at.bind.Port())),
		"--advertise-address=" + at.advertise,
		"--tls-cert-file=" + c.work.path("api.crt"),
		"--tls-private-key-file=" + c.work.path("api.key"),
		"--service-account-issuer=https://kubernetes.default.svc." + opts.DNS.Zone,
		"--service-account-key-file=" + c.work.path("sa.pub"),
		"--service-account-signing-key-file=" + c.work.path("sa.key"),
		"--token-auth-file=" + c.work.path("tokens.csv"),
		"--authorization-mode=Node,RBAC",
		"--service-cluster-ip-range=" + opts.serviceRanges(),
		"--kubelet-preferred-address-types=InternalIP", // nobody can look up the node's name
		"--enable-admission-plugins=" + strings.Join(opts.AdmissionPlugins, ","),
	}}
}

func (c *Cluster) controllersSpec(names []string) spec {
	return spec{name: "kube-controller-manager", path: c.Bin("kube-controller-manager"), args: []string{
		"--kubeconfig=" + c.PartsKubeconfig(),
		"--root-ca-file=" + c.work.path("ca.crt"),
		"--service-account-private-key-file=" + c.work.path("sa.key"),
		"--controllers=" + strings.Join(names, ","),
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=200", "--kube-api-burst=400", // tests delete hundreds of objects at once
	}}
}
