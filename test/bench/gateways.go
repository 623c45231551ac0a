//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"fairlead.dev/internal/standin"
)

// outsiders are what gateways lead to: the backend without TLS and with it.
type outsiders struct {
	plain, secure places
	// authority is the file of the certificate to trust.
	authority string
}

// gateways starts the backend and the gateways before it, and checks each.
func (b *bench) gateways(ctx context.Context) ([]gatewayPath, error) {
	o, err := b.outsiders()
	if err != nil {
		return nil, err
	}
	paths := []gatewayPath{{name: direct, tls: o.plain, web: o.plain.http, secure: o.plain.http}}
	for _, start := range []func(context.Context, outsiders) (gatewayPath, error){b.gatewayNginx, b.gatewayHAProxy, b.gatewayFairlead} {
		p, err := start(ctx, o)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	for _, p := range paths {
		for _, at := range []netip.AddrPort{p.tls.http, p.web, p.secure} {
			if err := fetch(ctx, path{at: places{http: at}, proc: p.crew.first()}); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
		}
		if err := verify(ctx, p.tls.bulk); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if p.crew == nil {
			continue
		}
		for _, at := range []netip.AddrPort{p.web, p.secure} {
			if err := rewritten(at); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return paths, nil
}

func (b *bench) outsiders() (o outsiders, err error) {
	c, err := standin.NewCertificate(outsideName)
	if err != nil {
		return o, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.Pair.PrivateKey)
	if err != nil {
		return o, err
	}
	dir, err := b.folder("outside")
	if err != nil {
		return o, err
	}
	o.authority = filepath.Join(dir, "cert.pem")
	keyFile := filepath.Join(dir, "key.pem")
	err = errors.Join(os.WriteFile(o.authority, c.PEM, 0o644),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	if err != nil {
		return o, err
	}
	if o.plain, err = b.runBackend(); err != nil {
		return o, err
	}
	o.secure, err = b.runBackend(o.authority, keyFile)
	return o, err
}

// rewritten checks which Host header the backend sees.
func rewritten(at netip.AddrPort) error {
	conn, err := net.Dial("tcp4", at.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * time.Second))
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: inside\r\nX-Show-Host: 1\r\nConnection: close\r\n\r\n")
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(got, []byte("\r\n\r\n"+outsideName)) {
		return fmt.Errorf("the backend does not see its own name: %q, %w", got, err)
	}
	return nil
}

// somewhere is a free place for each listener of a gateway.
func somewhere() (p gatewayPath, err error) {
	for _, at := range []*netip.AddrPort{&p.tls.http, &p.tls.echo, &p.tls.bulk, &p.web, &p.secure} {
		if *at, err = freePort(netip.MustParseAddr("127.0.0.1")); err != nil {
			return p, err
		}
	}
	return p, nil
}

// configured starts a program with a file in which {name} stands for what it is about.
func (b *bench) configured(name, config string, o outsiders, p gatewayPath, args ...string) (*process, error) {
	dir, err := b.folder(name)
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer(
		"{tls}", p.tls.http.String(), "{tlsecho}", p.tls.echo.String(), "{tlsbulk}", p.tls.bulk.String(),
		"{web}", p.web.String(), "{secure}", p.secure.String(),
		"{http}", o.plain.http.String(), "{https}", o.secure.http.String(), "{echo}", o.secure.echo.String(), "{bulk}", o.secure.bulk.String(),
		"{ca}", o.authority, "{name}", outsideName, "{dir}", dir,
	).Replace(config)
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	return b.start(name, exec.Command(args[0], append(args[1:], file)...))
}

const gatewayHAProxyConfig = `global
	nbthread 2
	maxconn 9700
defaults
	timeout connect 3s
	timeout client 1h
	timeout server 1h
	timeout http-keep-alive 1h
	default-server ssl verify required ca-file {ca} sni str({name}) verifyhost {name}
listen tls
	mode tcp
	bind {tls}
	server backend {https}
listen tlsecho
	mode tcp
	bind {tlsecho}
	server backend {echo}
listen tlsbulk
	mode tcp
	bind {tlsbulk}
	server backend {bulk}
listen web
	mode http
	option forwardfor
	http-reuse always
	http-request set-header Host {name}
	bind {web}
	server backend {http} no-ssl
listen secure
	mode http
	option forwardfor
	http-reuse always
	http-request set-header Host {name}
	bind {secure}
	server backend {https}
`

func (b *bench) gatewayHAProxy(_ context.Context, o outsiders) (gatewayPath, error) {
	p, err := somewhere()
	if err != nil {
		return p, err
	}
	p.name = viaPeer
	program, err := find("haproxy", "haproxy")
	if err != nil {
		return p, err
	}
	proc, err := b.configured("haproxy", gatewayHAProxyConfig, o, p, program, "-db", "-f")
	p.crew = crew{proc}
	return p, err
}

const gatewayNginxConfig = `daemon off; master_process off;
pid {dir}/pid;
worker_rlimit_nofile 20000;
error_log stderr crit;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
events { worker_connections 19000; }
stream {
	proxy_ssl on; proxy_ssl_verify on; proxy_ssl_trusted_certificate {ca}; proxy_ssl_name {name}; proxy_ssl_server_name on;
	proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_timeout 1h;
	server { listen {tls} reuseport; proxy_pass {https}; }
	server { listen {tlsecho} reuseport; proxy_pass {echo}; }
	server { listen {tlsbulk} reuseport; proxy_pass {bulk}; }
}
http {
	access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
	client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
	proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host {name};
	proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
	proxy_ssl_verify on; proxy_ssl_trusted_certificate {ca}; proxy_ssl_name {name}; proxy_ssl_server_name on;
	proxy_ssl_protocols TLSv1.2 TLSv1.3;
	upstream plain { server {http}; keepalive 64; keepalive_requests 1000000000; }
	upstream secured { server {https}; keepalive 64; keepalive_requests 1000000000; }
	server { listen {web} reuseport; location / { proxy_pass http://plain; } }
	server { listen {secure} reuseport; location / { proxy_pass https://secured; } }
}
`

func (b *bench) gatewayNginx(_ context.Context, o outsiders) (gatewayPath, error) {
	p, err := somewhere()
	if err != nil {
		return p, err
	}
	p.name = viaNginx
	program, err := find("nginx", "nginx-light libnginx-mod-stream")
	if err != nil {
		return p, err
	}
	if _, err := os.Stat("/usr/lib/nginx/modules/ngx_stream_module.so"); err != nil {
		return p, &missingError{"nginx's stream module", "libnginx-mod-stream"}
	}
	for range 2 { // what a master's workers are, but they end with us
		proc, err := b.configured("nginx", gatewayNginxConfig, o, p, program, "-e", "stderr", "-c")
		if err != nil {
			return p, err
		}
		p.crew = append(p.crew, proc)
	}
	return p, nil
}

const gatewayYAML = `apiVersion: v1
kind: ConfigMap
metadata: {name: outside, namespace: bench}
data:
  ca.crt: |
%[1]s
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: tls, namespace: bench}
spec:
  ports:
  - {name: http, port: 8080, targetPort: %[3]d}
  - {name: echo, port: 8081, targetPort: %[4]d}
  - {name: bulk, port: 8082, targetPort: %[5]d}
  targets: [{name: backend, addresses: [127.0.0.1]}]
  gateway: {backendTLS: {hostname: %[2]s, caCertificateRefs: [{name: outside}]}}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: web, namespace: bench}
spec:
  ports: [{port: 8080, targetPort: %[6]d, appProtocol: http}]
  targets: [{name: backend, addresses: [127.0.0.1]}]
  gateway: {http: {host: Replace, hostname: %[2]s}}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: secure, namespace: bench}
spec:
  ports: [{port: 8080, targetPort: %[3]d, appProtocol: http}]
  targets: [{name: backend, addresses: [127.0.0.1]}]
  gateway: {http: {host: Replace, hostname: %[2]s}, backendTLS: {hostname: %[2]s, caCertificateRefs: [{name: outside}]}}
`

func (b *bench) gatewayFairlead(ctx context.Context, o outsiders) (gatewayPath, error) {
	p := gatewayPath{name: viaUs}
	dir, err := b.folder("gateway")
	if err != nil {
		return p, err
	}
	ca, err := os.ReadFile(o.authority)
	if err != nil {
		return p, err
	}
	text := fmt.Sprintf(gatewayYAML, "    "+strings.ReplaceAll(strings.TrimSpace(string(ca)), "\n", "\n    "), outsideName,
		o.secure.http.Port(), o.secure.echo.Port(), o.secure.bulk.Port(), o.plain.http.Port())
	if err := os.WriteFile(filepath.Join(dir, "gateway.yaml"), []byte(text), 0o644); err != nil {
		return p, err
	}
	f, err := b.runFairlead(dir, nowhere)
	if err != nil {
		return p, err
	}
	p.crew = crew{f.process}
	at := make(map[string]netip.Addr)
	for _, name := range []string{"tls", "web", "secure"} {
		if at[name], err = f.virtualIP(ctx, name+".bench.svc."+domain+"."); err != nil {
			return p, err
		}
	}
	ports := func(a netip.Addr) places {
		return places{netip.AddrPortFrom(a, 8080), netip.AddrPortFrom(a, 8081), netip.AddrPortFrom(a, 8082)}
	}
	p.tls, p.web, p.secure = ports(at["tls"]), ports(at["web"]).http, ports(at["secure"]).http
	return p, nil
}

// virtualIP asks for the address of a service until there is one.
func (f *fairlead) virtualIP(ctx context.Context, name string) (netip.Addr, error) {
	var last error
	for end := time.Now().Add(startLimit); time.Now().Before(end) && ctx.Err() == nil; pause(ctx, 20*time.Millisecond) {
		if err := f.alive(); err != nil {
			return netip.Addr{}, err
		}
		got, err := askOnce(f.dns, name)
		if err == nil && len(got) == 1 {
			return got[0], nil
		}
		last = fmt.Errorf("%s has the addresses %v: %w", name, got, err)
	}
	return netip.Addr{}, last
}

func askOnce(server netip.AddrPort, name string) ([]netip.Addr, error) {
	conn, err := net.Dial("udp4", server.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return askOver(conn, name)
}
